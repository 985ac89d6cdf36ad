// Stops: asked for, by the wall time, or in time for the end of the allocation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "coordinator_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST_F(CoordinatorTest, AStopEndsSegmentsAndThenTheStudy) {
  begin();
  start_one();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "never begun"});
  coordinator_->request_stop(StopCause::kSignal, "SIGTERM", now_s_);
  EXPECT_THAT(sent(1), ElementsAre("stop #1"));
  expect_silence();
  coordinator_->request_stop(StopCause::kSignal, "SIGTERM", now_s_);
  coordinator_->tick(now_s_);
  expect_silence();
  end(1, 1, 0, 2);
  for (int rank = 0; rank < 3; ++rank) EXPECT_THAT(sent(rank), ElementsAre("shutdown 75"));
  EXPECT_EQ(coordinator_->exit_status(), 75);
}

TEST_F(CoordinatorTest, AStopGivesUpOnAHostThatHangs) {
  begin();
  expect_given_up_after(Coordinator::kStop_s);
  EXPECT_THAT(sent(1), ElementsAre("stop #1", "shutdown 75"));
}

TEST_F(CoordinatorTest, AStopWaitsAsLongAsItIsToldTo) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  settings.stop_s = 30;
  begin(settings);
  expect_given_up_after(30);
}

TEST_F(CoordinatorTest, AStopOfTheUsersDoesNotWaitForTheEndOfALongAllocation) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  begin(settings);
  expect_given_up_after(Coordinator::kStop_s);
}

TEST_F(CoordinatorTest, AStopWaitsForLongStepsWhereTheEndIsKnown) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  begin(settings);
  expect_given_up_after(1000 - EndOfAllocation::kGiveUp_s, StopCause::kTimeLimit);
}

TEST_F(CoordinatorTest, TheEndOfTheAllocationStopsTheStudyInTime) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 100;
  begin(settings);
  EXPECT_EQ(std::get<Begun>(recorded_.at(0)).time_left_s, 100);
  start_one();
  now_s_ += 100 - Study::kLastWrites_s - 0.1;
  coordinator_->tick(now_s_);
  expect_silence();
  now_s_ += 0.2;
  coordinator_->tick(now_s_);
  EXPECT_THAT(sent(1), ElementsAre("stop #1"));
  EXPECT_EQ(std::get<StopRequested>(recorded_.back()).cause, StopCause::kTimeLimit);
  now_s_ = *settings.ends_at_s - EndOfAllocation::kGiveUp_s;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(std::holds_alternative<GivenUp>(recorded_.back())) << "its step does not end";
  for (int rank = 0; rank < 3; ++rank) EXPECT_THAT(sent(rank), ElementsAre("shutdown 75"));
  EXPECT_FALSE(coordinator_->over());
  now_s_ = *settings.ends_at_s - EndOfAllocation::kLast_s + 0.1;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over()) << "nobody is waited for any more";
}

TEST_F(CoordinatorTest, TheTimeLeftIsToldWhereItMattersAndNotTooOften) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  begin(settings);
  start_one();
  const auto times_told = [&] {
    return std::count_if(recorded_.begin(), recorded_.end(),
                         [](const Event& event) { return std::holds_alternative<TimeLeft>(event); });
  };
  tell(1, Saved{state(0, 4, 1), 0, 8});
  SegmentTimes times;
  times.startup_s = 1;
  times.train_s = 8;
  times.steps = 4;
  scheduler_->work.push_back(Continue{0, 8, DecisionKind::kContinue, ""});
  tell(1, SegmentEnded{segment(1), 0, 0, 4, false, times});
  EXPECT_THAT(sent(1), ElementsAre("run #2 t0"));
  recorded_.clear();
  for (int step = 5; step <= 7; ++step) tell(1, Reported{segment(2), 0, 0, step, {{"loss", 0.5}}, 2});
  hello(2);
  EXPECT_EQ(times_told(), 0) << "no segment takes so long";
  now_s_ = *settings.ends_at_s - 8;  // start-up, a step and the last writes
  tell(1, Reported{segment(2), 0, 0, 8, {{"loss", 0.5}}, 2});
  EXPECT_EQ(times_told(), 1) << "rank 2 is idle";
  scheduler_->work.push_back(NewTrial{kNoMember, 4, ""});
  now_s_ += 0.05;
  tell(1, Saved{state(0, 8, 2), 0, 8});
  EXPECT_EQ(times_told(), 1);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #3 t1"));
}

TEST_F(CoordinatorTest, TheWallTimeCountsTheTimeBefore) {
  CoordinatorSettings settings;
  settings.wall_time_s = 60;
  settings.time_before_s = 50;
  begin(settings);
  start_one();
  now_s_ += 9.5;
  coordinator_->tick(now_s_);
  expect_silence();
  now_s_ += 0.5;
  coordinator_->tick(now_s_);
  EXPECT_THAT(sent(1), ElementsAre("stop #1"));
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<StopRequested>(recorded_[0]).cause, StopCause::kWallTime);
  now_s_ += 100;
  coordinator_->tick(now_s_);
  EXPECT_THAT(recorded_, SizeIs(1)) << "once";
  end(1, 1, 0, 3);
  EXPECT_EQ(coordinator_->exit_status(), 0) << "the budget is used up: that is an end like another";
}

}  // namespace
}  // namespace coppice
