// Workers that fall silent, are given up, leave or come back, and who has their work then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CoordinatorTest, ALostRanksTrialGoesOnElsewhere) {
  begin();
  start_one();
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1"));
  recorded_.clear();
  coordinator_->lose_rank(1, "it is dead", now_s_);
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).worker, 0);
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).reason, "it is dead");
  EXPECT_THAT(sent(2), ElementsAre("run #2 t0", "lost 1"));
  coordinator_->lose_rank(1, "again", now_s_);
  EXPECT_THAT(recorded_, SizeIs(1));
  expect_silence();
}

TEST_F(CoordinatorTest, WhatAGivenUpRankSaysIsDropped) {
  begin();
  start_one();
  tell(1, Saved{state(0, 2, 1), 0, 8});
  touch(state(0, 2, 1));
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  coordinator_->lose_rank(1, "it is slow", now_s_);
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #2 t0"));
  recorded_.clear();
  report(1, 1, 0, 3);
  report(1, 2, 0, 3);  // even with the number of the new segment
  end(1, 1, 0, 4);
  tell(1, CheckpointLost{state(0, 2, 1), kDisk});
  touch(state(0, 3, 1));
  tell(1, Saved{state(0, 3, 1), 0, 8});
  tell(1, Saved{state(0, 3, 1), kDisk, 8});
  coordinator_->tick(now_s_);
  EXPECT_THAT(recorded_, IsEmpty());
  EXPECT_FALSE(exists(state(0, 3, 1))) << "nobody would ever remove it";
  EXPECT_TRUE(exists(state(0, 2, 1)));
  EXPECT_THAT(sent(1), testing::Each("dismissed"));
  expect_silence();
}

TEST_F(CoordinatorTest, ARankThatWasGivenUpBeforeItSpokeIsWelcomeAfterAll) {
  begin();
  coordinator_->lose_rank(1, "it says nothing", now_s_);
  EXPECT_THAT(recorded_, SizeIs(1)) << "begun; there is no worker to lose";
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  hello(1);
  EXPECT_THAT(sent(1), ElementsAre("welcome 0", "run #1 t0"));
}

TEST_F(CoordinatorTest, ASilentWorkerIsDeclaredDeadAndItsSegmentGoesToAnother) {
  CoordinatorSettings settings;
  settings.welcome.worker_timeout_s = 10;
  begin(settings);
  start_one();
  hello(0);
  hello(2);
  for (int rank : {0, 2}) sent(rank);
  recorded_.clear();
  for (int i = 0; i < 11; ++i) {
    alive(2);
    now_s_ += 1;
    coordinator_->tick(now_s_);
  }
  ASSERT_THAT(recorded_, SizeIs(1)) << "rank 0 is the coordinator's own";
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).worker, 0);
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).reason, "it was silent for 10 s, timeouts.worker");
  EXPECT_THAT(sent(0), ElementsAre("run #2 t0", "lost 1"));
  EXPECT_THAT(sent(2), testing::Contains("lost 1"));
  EXPECT_FALSE(coordinator_->all_here());
}

TEST_F(CoordinatorTest, ABeatGoesToWhomNothingElseWasSaidForASecond) {
  begin();
  hello(1);
  for (int rank = 0; rank < 3; ++rank) sent(rank);
  coordinator_->tick(now_s_);
  now_s_ += 0.6;
  coordinator_->tick(now_s_);
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  hello(2);
  sent(2);
  now_s_ += 0.6;
  coordinator_->tick(now_s_);
  expect_silence();
  EXPECT_THAT(beats_, ElementsAre(1));
}

TEST_F(CoordinatorTest, ACoordinatorThatWasSuspendedDeclaresNobodyDead) {
  begin();
  start_one();
  coordinator_->tick(now_s_);
  for (int i = 0; i < 10; ++i) {
    now_s_ += 1e4;
    coordinator_->tick(now_s_);
  }
  EXPECT_THAT(recorded_, IsEmpty());
}

TEST_F(CoordinatorTest, AWorkerThatWasTakenForDeadMayBeginAnew) {
  begin();
  start_one();
  coordinator_->lose_rank(1, "it is slow", now_s_);
  recorded_.clear();
  report(1, 1, 0, 1);
  alive(1);
  alive(1, 2);  // of another incarnation
  EXPECT_THAT(sent(1), ElementsAre("dismissed", "dismissed"));
  EXPECT_THAT(recorded_, IsEmpty());
  EXPECT_FALSE(coordinator_->all_here());
  hello(1);
  EXPECT_THAT(sent(1), ElementsAre("welcome 1", "run #2 t0"));
  alive(1);
  EXPECT_TRUE(coordinator_->all_here());
  expect_silence();
}

TEST_F(CoordinatorTest, AWorkerThatWasTakenForDeadHearsOfTheEnd) {
  begin();
  start_one();
  hello(2);
  coordinator_->lose_rank(1, "it is slow", now_s_);
  end(2, 2, 0, 4);
  for (int rank = 0; rank < 3; ++rank) sent(rank);
  ASSERT_TRUE(study_->finish());
  alive(1);
  EXPECT_THAT(sent(1), ElementsAre("shutdown 0"));
  EXPECT_FALSE(coordinator_->all_here());
}

TEST_F(CoordinatorTest, WhatAWorkerThatLeavesHadGoesToAnother) {
  begin();
  start_one();
  goodbye(1, 2, "of another incarnation");
  EXPECT_THAT(recorded_, IsEmpty());
  goodbye(1, 3, "its helper is gone");
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).worker, 0);
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).reason, "its helper is gone");
  expect_silence();
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #2 t0"));
  end(2, 2, 0, 4);
  for (int rank = 0; rank < 3; ++rank) EXPECT_THAT(sent(rank), ElementsAre("shutdown 0")) << "1 waits for it";
  goodbye(0);
  goodbye(2);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over()) << "1 has said goodbye";
}

TEST_F(CoordinatorTest, WithoutAnyWorkerTheStudyStops) {
  begin();
  start_one();
  goodbye(0, 0, "it has no device");
  coordinator_->lose_rank(1, "it is dead", now_s_);
  coordinator_->tick(now_s_);
  EXPECT_FALSE(study_->finish()) << "rank 2 may come yet";
  recorded_.clear();
  coordinator_->lose_rank(2, "it said nothing", now_s_);
  coordinator_->tick(now_s_);
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<StopRequested>(recorded_[0]).cause, StopCause::kNoWorker);
  EXPECT_EQ(study_->finish()->reason, "no worker is left: rank 2: it said nothing; run it again to go on");
  EXPECT_EQ(coordinator_->exit_status(), 75);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
  EXPECT_THAT(sent(0), ElementsAre("shutdown 75"));
  EXPECT_THAT(recorded_, SizeIs(1)) << "once";
}

}  // namespace
}  // namespace coppice
