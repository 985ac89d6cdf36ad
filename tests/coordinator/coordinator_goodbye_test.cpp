// After the end of the study: whose goodbye is waited for, and for how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(CoordinatorTest, IsOverWhenAllHaveSaidGoodbye) {
  begin();
  hello(1);  // there is nothing to do
  for (int rank : {0, 2}) EXPECT_THAT(sent(rank), ElementsAre("shutdown 0"));
  EXPECT_THAT(sent(1), ElementsAre("welcome 0", "shutdown 0"));
  EXPECT_EQ(coordinator_->exit_status(), 0);
  recorded_.clear();
  goodbye(0);
  goodbye(1);
  goodbye(2, 2);  // of another incarnation
  coordinator_->tick(now_s_);
  EXPECT_FALSE(coordinator_->over());
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("shutdown 0")) << "too late to be welcomed";
  goodbye(2, 0);  // it never was
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, WaitsForGoodbyesNoLongerThanTheFarewell) {
  CoordinatorSettings settings;
  settings.farewell_s = 30;
  begin(settings);
  hello(1);
  goodbye(1);
  now_s_ += 30;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(coordinator_->over());
  now_s_ += 0.5;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
}

TEST_F(CoordinatorTest, NobodyWaitsForARankThatIsGivenUpAtTheEnd) {
  begin();
  hello(1);
  goodbye(0);
  goodbye(1);
  coordinator_->lose_rank(2, "it is dead", now_s_);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
}

TEST_F(CoordinatorTest, ADedicatedRankZeroIsNeitherToldNorAwaited) {
  CoordinatorSettings settings;
  settings.rank_0_works = false;
  begin(settings);
  hello(1);
  EXPECT_THAT(sent(0), IsEmpty());
  goodbye(1);
  goodbye(2);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
}

TEST_F(CoordinatorTest, IsNotOverBeforeItHasEnded) {
  begin();
  start_one();
  now_s_ += 1e6;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(coordinator_->over());
  EXPECT_EQ(coordinator_->exit_status(), 1) << "what has no end failed";
}

TEST_F(CoordinatorTest, ARankThatNeverSaysHelloIsNotWaitedForForEver) {
  CoordinatorSettings settings;
  settings.welcome.worker_timeout_s = 10;
  begin(settings);
  hello(1);
  for (int i = 0; i < 11; ++i) {
    alive(1);
    now_s_ += 1;
    coordinator_->tick(now_s_);
  }
  goodbye(0);
  goodbye(1);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over()) << "not for rank 2";
}

TEST_F(CoordinatorTest, WhoHasLeftMayBeSilentAtTheEnd) {
  CoordinatorSettings settings;
  settings.welcome.worker_timeout_s = 10;
  begin(settings);
  start_one();
  goodbye(1, 3, "its helper is gone");
  hello(2);
  end(2, 2, 0, 4);
  ASSERT_TRUE(study_->finish());
  for (int i = 0; i < 30; ++i) {
    alive(2);  // it writes
    now_s_ += 1;
    coordinator_->tick(now_s_);
  }
  EXPECT_TRUE(coordinator_->all_here()) << "1 only waits for its release";
  EXPECT_FALSE(coordinator_->over());
}

}  // namespace
}  // namespace coppice
