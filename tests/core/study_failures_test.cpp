// Trials that fail: when they are tried again, when they are given up, and when the study is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "study_fixture.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StudyTest, FailuresAreRetriedLaterAndLaterThenTheTrialFails) {
  StudySettings settings;
  settings.retries = 8;
  make(settings);
  begin(0);
  RunCommand run = start(4);
  report(run, 1, 0.5);
  for (const double seconds : {1, 2, 4, 8, 16, 32, 60, 60}) {
    const auto wait = only<BackOff>(fail(run));
    EXPECT_EQ(wait.trial, 0);
    EXPECT_EQ(wait.seconds, seconds);
    run = only<RunCommand>(step(BackedOff{0}));
    EXPECT_EQ(run.trial, 0);
    EXPECT_FALSE(step(BackedOff{0}).accepted);
  }
  const auto effects = fail(run);
  EXPECT_EQ(only<Finish>(effects).outcome, Outcome::kFailed) << "every trial failed";
  EXPECT_THAT(scheduler->failed, ::testing::ElementsAre(0));
}

TEST_F(StudyTest, ATrialThatGotOverWhereItFailedMayFailAgain) {
  StudySettings settings;
  settings.retries = 1;
  make(settings);
  begin(0);
  RunCommand run = start(9);
  const auto again = [&] {
    EXPECT_THAT(all<BackOff>(fail(run)), SizeIs(1));
    run = only<RunCommand>(step(BackedOff{0}));
  };
  report(run, 3, 0.5);
  again();
  save(run, 3, kDisk);  // no further than before
  EXPECT_EQ(study->board().trial(0).failures, 1);
  report(run, 4, 0.4);
  save(run, 4, kDisk);
  EXPECT_EQ(study->board().trial(0).failures, 0);
  report(run, 5, 0.3);
  again();
  EXPECT_THAT(all<Finish>(fail(run)), SizeIs(1)) << "at the same place again";
}

TEST_F(StudyTest, ASegmentThatEndsTooSoonIsAFailure) {
  begin(0);
  const RunCommand run = start(4);
  const auto effects = end(run, 0);
  EXPECT_EQ(only<BackOff>(effects).trial, 0);
  ASSERT_THAT(effects.decisions, SizeIs(1));
  EXPECT_EQ(effects.decisions[0].kind, DecisionKind::kRetry);
}

TEST_F(StudyTest, OneTrialThatAlwaysFailsDoesNotEndTheStudy) {
  begin(0);
  RunCommand run = start(4);
  scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
  const auto effects = fail(run);
  EXPECT_THAT(all<BackOff>(effects), SizeIs(1));
  const auto propose = all<Propose>(effects);
  ASSERT_THAT(propose, SizeIs(1));
  EXPECT_EQ(propose[0].trial, 1) << "the worker has other work meanwhile";
  const RunCommand other = only<RunCommand>(step(Proposed{propose[0].request, {Value(0.5)}, ""}));
  EXPECT_THAT(step(BackedOff{0}).commands, IsEmpty()) << "it waits for a worker now";
  report(other, 4, 0.5);
  run = only<RunCommand>(end(other, 4));
  EXPECT_EQ(run.trial, 0);
  fail(run);
  run = only<RunCommand>(step(BackedOff{0}));
  EXPECT_EQ(only<Finish>(fail(run)).outcome, Outcome::kFinished);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kFailed);
  EXPECT_EQ(study->board().trial(1).state, TrialState::kPaused);
}

TEST_F(StudyTest, TheStudyWaitsForATrialThatBacksOffButAStopDoesNot) {
  begin(0);
  RunCommand run = start(4);
  EXPECT_THAT(all<Finish>(fail(run)), IsEmpty());
  EXPECT_EQ(study->board().trial(0).state, TrialState::kReady);
  EXPECT_EQ(only<Finish>(step(StopRequested{StopCause::kSignal, ""})).outcome, Outcome::kStopped);
  EXPECT_FALSE(step(BackedOff{0}).accepted);
  EXPECT_THAT(step(Begun{2, std::nullopt, std::nullopt}).commands, IsEmpty());
  EXPECT_EQ(only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""})).trial, 0) << "a start forgets the delay";
}

TEST_F(StudyTest, WhereAllFailAtALaterStepThoseThatWereStoppedBeforeAreNoSuccess) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  begin(0);
  const RunCommand first = start(4);
  report(first, 4, 0.5);
  scheduler->work.push_back(NewTrial{kNoMember, 9, ""});
  const auto second = propose(end(first, 4));
  report(second, 5, 0.25);
  const auto finish = only<Finish>(fail(second, "no memory"));
  EXPECT_EQ(finish.outcome, Outcome::kFailed);
  EXPECT_THAT(finish.reason,
              ::testing::StartsWith("no trial is complete, and none got further than the 1 that failed: "));
  EXPECT_THAT(finish.reason, ::testing::HasSubstr("no memory"));
}

TEST_F(StudyTest, ATrialThatFailsAmongOthersThatGotFurtherIsNoFailureOfTheStudy) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  begin(0);
  const RunCommand first = start(4);
  report(first, 4, 0.5);
  scheduler->work.push_back(NewTrial{kNoMember, 9, ""});
  const auto second = propose(end(first, 4));
  report(second, 3, 0.25);
  EXPECT_EQ(only<Finish>(fail(second)).outcome, Outcome::kFinished);
}

TEST_F(StudyTest, TheStudyStopsEarlyWhenAllTrialsFailBeforeAnyValue) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  begin(0);
  RunCommand run = start(4);
  for (TrialId trial = 0; trial < 2; ++trial) {
    scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
    run = propose(fail(run, "no module named x"));
  }
  scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
  const auto finish = only<Finish>(fail(run, "no module named x"));
  EXPECT_EQ(finish.outcome, Outcome::kFailed);
  EXPECT_THAT(finish.reason, ::testing::HasSubstr("no module named x"));
}

TEST_F(StudyTest, ATrialInItsFirstStepKeepsTheStudyAliveWhileOthersFail) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  begin(0);
  start(4);  // trains on and on
  RunCommand run = start(4);
  for (TrialId trial = 1; trial < 5; ++trial) {
    scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
    run = propose(fail(run));
  }
  EXPECT_FALSE(study->halting());
}

TEST_F(StudyTest, ATrialThatNeverReportsItsObjectiveFails) {
  begin(0);
  const RunCommand run = start(4);
  step(Reported{run.segment, 0, run.worker, 1, {{"accuracy", 1.0}}});
  const auto finish = only<Finish>(end(run, 1, true));
  EXPECT_EQ(finish.outcome, Outcome::kFailed);
  EXPECT_THAT(finish.reason, ::testing::HasSubstr("it reported accuracy"));
}

TEST_F(StudyTest, WhatRepeatsReportedInsteadIsNamedOnce) {
  StudySettings settings;
  settings.repeats = 2;
  make(std::move(settings));
  begin(0);
  const RunCommand run = start(4);
  step(Reported{run.segment, 0, run.worker, 1, {{"accuracy@0", 1}, {"accuracy@1", 2}, {"accuracy", 1.5}}});
  EXPECT_THAT(only<Finish>(end(run, 1, true)).reason, ::testing::EndsWith("it reported accuracy"));
}

}  // namespace
}  // namespace coppice
