// What happened is recorded first, and only then leaves what it brought about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "coordinator_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CoordinatorTest, NothingLeavesBeforeItIsRecorded) {
  begin();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  full_disk_ = true;
  EXPECT_THROW(hello(1), std::runtime_error);
  expect_silence();
}

TEST_F(CoordinatorTest, ARecordThatFailsHoldsBackWhatItsEventBroughtAboutAndAllAfterIt) {
  begin();
  start_one();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  full_disk_ = true;
  report(2, 9, 9, 9);  // not accepted: nothing to record
  EXPECT_THROW(end(1, 1, 0, 4), std::runtime_error);
  expect_silence();
  full_disk_ = false;
  EXPECT_THAT(recorded_, IsEmpty());
  // The study knows what the record doesn't: nothing may leave any more, whatever comes.
  hello(2);
  coordinator_->request_stop(StopCause::kSignal, "", now_s_);
  coordinator_->tick(now_s_);
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, EachCommandWaitsForTheRecordOfItsOwnEvent) {
  begin();
  start_one();
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1"));
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  seen_at_record_ = 0;
  end(1, 1, 0, 4);  // two proposals follow, and then a run each
  EXPECT_THAT(recorded_, SizeIs(4)) << "worker up, ended, proposed, proposed";
  EXPECT_EQ(seen_at_record_, 1u)
      << "the first run had left when the last proposal was recorded, and the second had not";
  EXPECT_THAT(sent(1), SizeIs(1));
  EXPECT_THAT(sent(2), SizeIs(1));
}

TEST_F(CoordinatorTest, NothingComesBeforeTheStartItself) {
  // The start before was killed near the end of its allocation, and its worker rested.
  study_->step(Begun{2, std::nullopt, std::nullopt, false, std::nullopt, std::nullopt, 1.0});
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  study_->step(WorkerUp{0, 1, "node", "", ""});
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 100;
  begin(settings);
  ASSERT_FALSE(recorded_.empty());
  EXPECT_TRUE(std::holds_alternative<Begun>(recorded_[0]));
}

TEST_F(CoordinatorTest, RecordsTheRunningTimeOfAllIncarnations) {
  CoordinatorSettings settings;
  settings.time_before_s = 1000;
  begin(settings);
  now_s_ += 7;
  hello(1);
  EXPECT_THAT(recorded_s_, ElementsAre(1000, 1007));
}

}  // namespace
}  // namespace coppice
