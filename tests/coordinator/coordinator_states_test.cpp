// Saved states: which copies are recorded, and when those that nobody needs are removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CoordinatorTest, ALateCopyOfADroppedStateIsDropped) {
  begin();
  start_one();
  tell(1, Saved{state(0, 4, 1), 0, 8});
  scheduler_->stop_reached = true;
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "so that the study goes on"});
  end(1, 1, 0, 4);
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s4", "run #2 t1"));
  recorded_.clear();
  touch(state(0, 4, 1));  // the worker's copy to disk came to its end meanwhile
  tell(1, Saved{state(0, 4, 1), kDisk, 8});
  tell(1, Saved{state(0, 3, 1), 0, 8});
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 4, 1)));
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s3"));
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, ACopyThatIsSaidTwiceStays) {
  begin();
  start_one();
  tell(1, Saved{state(0, 2, 1), 0, 8});
  touch(state(0, 2, 1));
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  tell(1, Saved{state(0, 2, 1), 0, 8});
  EXPECT_TRUE(exists(state(0, 2, 1)));
  EXPECT_THAT(recorded_, SizeIs(2));
  expect_silence();
}

TEST_F(CoordinatorTest, AnOlderStateIsRemovedFromDiskOnceTheNewerOneIsSafe) {
  begin();
  start_one();
  for (const Step step : {1, 2, 3}) {
    tell(1, Saved{state(0, step, 1), 0, 8});
    touch(state(0, step, 1));
    tell(1, Saved{state(0, step, 1), kDisk, 8});
  }
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 1, 1)));
  EXPECT_TRUE(exists(state(0, 2, 1)) && exists(state(0, 3, 1))) << "two are kept";
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s1"));
}

/// Otherwise a node that dies before the journal's next commit leaves a journal that knows of states which
/// are gone.
TEST_F(CoordinatorTest, NothingIsRemovedBeforeTheRecordOfItIsDurable) {
  begin();
  start_one();
  commits_ = false;
  for (const Step step : {1, 2, 3}) {
    tell(1, Saved{state(0, step, 1), 0, 8});
    touch(state(0, step, 1));
    tell(1, Saved{state(0, step, 1), kDisk, 8});
  }
  const std::uint64_t all = mark_;
  durable_ = all - 1;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(exists(state(0, 1, 1)));
  expect_silence();
  durable_ = all;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 1, 1)));
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s1"));
}

/// A copy to disk that ends after its state was dropped, and before that is durable, must not be counted on.
TEST_F(CoordinatorTest, AStateThatWasDroppedDoesNotComeBackFromDisk) {
  begin();
  start_one();
  commits_ = false;
  for (const Step step : {1, 2, 3}) tell(1, Saved{state(0, step, 1), 0, 8});
  ASSERT_EQ(study_->checkpoints().find(0, 1), nullptr);
  touch(state(0, 1, 1));
  tell(1, Saved{state(0, 1, 1), kDisk, 8});
  EXPECT_EQ(study_->checkpoints().find(0, 1), nullptr);
  durable_ = mark_;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 1, 1)));
}

TEST_F(CoordinatorTest, ACopyToDiskAfterTheEndIsStillRecorded) {
  begin();
  start_one();
  tell(1, Saved{state(0, 2, 1), 0, 8});
  coordinator_->request_stop(StopCause::kSignal, "", now_s_);
  end(1, 1, 0, 2);
  recorded_.clear();
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  EXPECT_THAT(recorded_, SizeIs(1)) << "the next incarnation goes on from it";
}

}  // namespace
}  // namespace coppice
