// Workers are welcomed and ordered what the study wants, and believed no more than is theirs to tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CoordinatorTest, WelcomesAWorkerAndGivesItASegment) {
  begin();
  expect_silence();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 0", "run #1 t0"));
  EXPECT_EQ(order_.incarnation, 3);
  EXPECT_EQ(order_.run.until, 4);
  ASSERT_THAT(order_.params, SizeIs(1));
  EXPECT_EQ(order_.params[0].first, "x");
  EXPECT_EQ(order_.params[0].second, Value(0.25));
  ASSERT_THAT(recorded_, SizeIs(3)) << "begun, worker up, proposed";
  EXPECT_EQ(std::get<WorkerUp>(recorded_[1]).rank, 2);
  EXPECT_EQ(std::get<WorkerUp>(recorded_[1]).device_uuid, "uuid");
  EXPECT_TRUE(std::holds_alternative<Proposed>(recorded_[2]));
  expect_silence();
}

TEST_F(CoordinatorTest, ASecondHelloMakesNoSecondWorker) {
  begin();
  start_one();
  hello(1);
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, TellsTheSamplerWhatBecomesOfATrialAndNotWhileItHasNoHyperparameters) {
  scheduler_->stop_reached = true;
  begin();
  start_one();
  report(1, 1, 0, 1);
  end(1, 1, 0, 4);
  const auto is = [](TrialState state) { return testing::Pair(0, state); };
  EXPECT_THAT(sampler_->told, ElementsAre(is(TrialState::kReady), is(TrialState::kRunning),
                                          is(TrialState::kRunning), is(TrialState::kStopped)));
}

TEST_F(CoordinatorTest, ACloneIsExploredFromItsBaseAndSentTheRanksThatHaveTheState) {
  begin();
  start_one();
  tell(1, Saved{state(0, 4, 1), 0, 8});
  tell(1, Saved{state(0, 4, 1), kDisk, 8});
  report(1, 1, 0, 4);
  scheduler_->work.push_back(Clone{kNoMember, {0, 4}, 0, 8, DecisionKind::kExploit, "test"});
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #2 t1"));
  EXPECT_EQ(order_.params[0].second, Value(0.375));
  ASSERT_TRUE(order_.run.from);
  EXPECT_THAT(order_.run.from->places, ElementsAre(kDisk, 0));
  EXPECT_THAT(order_.ranks, ElementsAre(-1, 1));
  expect_silence();
}

TEST_F(CoordinatorTest, AFailedTrialIsTriedAgainAfterItsDelay) {
  begin();
  start_one();
  tell(1, SegmentFailed{segment(1), 0, 0, 0, "boom", {}});
  now_s_ += 0.9;
  coordinator_->tick(now_s_);
  expect_silence();
  now_s_ += 0.2;
  coordinator_->tick(now_s_);
  EXPECT_THAT(sent(1), ElementsAre("run #2 t0"));
  coordinator_->tick(now_s_ + 100);
  expect_silence();
}

TEST_F(CoordinatorTest, WhatAnotherIncarnationSaysIsDropped) {
  begin();
  start_one();
  for (const std::int32_t other : {2, 4}) {
    tell(1, Reported{segment(1), 0, 0, 1, {{"loss", 0.5}}}, other);
    tell(1, SegmentEnded{segment(1), 0, 0, 4, false, {}}, other);
    tell(1, Saved{state(5, 5, 1), 0, 8}, other);
  }
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
  report(1, 1, 0, 1);
  EXPECT_THAT(recorded_, SizeIs(1));
}

TEST_F(CoordinatorTest, AWorkerMayNotTellWhatIsTheCoordinatorsOwn) {
  begin();
  start_one();
  tell(1, Begun{9, std::nullopt, std::nullopt});
  tell(1, WorkerUp{1, 2, "", "", ""});
  tell(1, WorkerLost{0, ""});
  tell(1, StopRequested{});
  tell(1, Proposed{0, {Value(0.5)}, ""});
  coordinator_->on_message({1, static_cast<std::uint32_t>(MessageType::kTold), {std::byte{1}}}, now_s_);
  coordinator_->on_message({1, 999, {}}, now_s_);
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

}  // namespace
}  // namespace coppice
