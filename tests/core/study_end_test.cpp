// How a study ends: without more work, at the target, out of patience, or stopped; and how it goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "study_fixture.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StudyTest, AStudyWithoutMoreWorkFinishes) {
  begin(0);
  const RunCommand run = start(2);
  report(run, 2, 0.5);
  const auto finish = only<Finish>(end(run, 2));
  EXPECT_EQ(finish.outcome, Outcome::kFinished);
  EXPECT_THAT(scheduler->reached, ::testing::ElementsAre(0));
  EXPECT_EQ(study->board().trial(0).state, TrialState::kPaused);
}

TEST_F(StudyTest, AnExhaustedSpaceBeginsNothingMoreAndEndsTheStudy) {
  begin(0);
  const RunCommand run = start(4);
  scheduler->work.push_back(NewTrial{kNoMember, 4, "test"});
  scheduler->work.push_back(NewTrial{kNoMember, 4, "test"});
  const auto first = only<Propose>(step(WorkerUp{study->next_worker(), 0, "node", "", ""}));
  Effects effects = step(Proposed{first.request, {}, "1 of 1 points were proposed", "", true});
  // This scheduler doesn't look at the limit: what it begins all the same comes to nothing as well.
  const auto second = only<Propose>(effects);
  ASSERT_THAT(effects.decisions, SizeIs(2));
  EXPECT_EQ(effects.decisions[0].kind, DecisionKind::kStop);
  EXPECT_EQ(effects.decisions[0].trial, first.trial);
  EXPECT_EQ(effects.decisions[0].reason, "the search space is exhausted: 1 of 1 points were proposed");
  EXPECT_EQ(study->board().trial(first.trial).state, TrialState::kStopped);
  EXPECT_THAT(scheduler->failed, ::testing::ElementsAre(first.trial));
  EXPECT_THAT(study->changed(), IsEmpty()) << "a sampler is not told of what it didn't propose";
  effects = step(Proposed{second.request, {}, "1 of 1 points were proposed", "", true});
  EXPECT_THAT(effects.commands, IsEmpty()) << "one trial still runs";
  report(run, 4, 0.5);
  const Effects last = end(run, 4, true);
  const auto finish = all<Finish>(last);
  ASSERT_THAT(finish, SizeIs(1));
  EXPECT_EQ(finish[0].outcome, Outcome::kFinished);
  EXPECT_EQ(finish[0].reason, "the search space is exhausted: 1 of 1 points were proposed");
}

TEST_F(StudyTest, TheTargetEndsTheStudyInOrder) {
  step(Begun{1, std::nullopt, 0.1});
  const RunCommand run = start(9);
  EXPECT_THAT(report(run, 1, 0.5).commands, IsEmpty());
  EXPECT_EQ(only<Stop>(report(run, 2, 0.05)).segment, run.segment);
  EXPECT_EQ(only<Finish>(end(run, 3)).outcome, Outcome::kFinished);
}

TEST_F(StudyTest, PatienceEndsTheStudyAfterTrialsWithoutAnImprovement) {
  Begun begun{1, std::nullopt, std::nullopt};
  begun.patience = {.trials = 2, .min_delta = 0.1};
  step(begun);
  const RunCommand other = start(5);
  const auto train = [&](double loss) {
    const RunCommand run = start(1);
    report(run, 1, loss);
    return end(run, 1, true);
  };
  EXPECT_THAT(train(1.0).commands, IsEmpty());
  EXPECT_THAT(train(0.95).commands, IsEmpty()) << "an improvement, but less than min_delta";
  EXPECT_THAT(train(0.85).commands, IsEmpty()) << "small ones add up";
  EXPECT_THAT(train(std::nan("")).commands, IsEmpty());
  report(other, 1, 0.8);
  const RunCommand last = start(1);
  report(last, 1, 0.9);
  const Effects effects = end(last, 1, true);
  EXPECT_EQ(only<Stop>(effects).segment, other.segment) << "what runs is stopped in order";
  ASSERT_EQ(effects.decisions.size(), 2u);
  EXPECT_EQ(effects.decisions[1].kind, DecisionKind::kHalt);
  EXPECT_EQ(effects.decisions[1].reason,
            "patience: loss 0.85 of trial 3 was not improved on by more than 0.1 in 2 trials");
  EXPECT_EQ(only<Finish>(end(other, 1)).outcome, Outcome::kFinished);

  begun.incarnation = 2;
  EXPECT_EQ(only<Finish>(step(begun)).outcome, Outcome::kFinished) << "as it was";
  begun.incarnation = 3;
  begun.patience.trials = 3;
  EXPECT_THAT(step(begun).commands, IsEmpty()) << "with more patience it goes on";
  EXPECT_EQ(study->finish(), std::nullopt);
}

TEST_F(StudyTest, PatienceInStepsCountsThoseOfAllTrials) {
  Begun begun{1, std::nullopt, std::nullopt};
  begun.patience = {.steps = 5};
  step(begun);
  const RunCommand a = start(9);
  const RunCommand b = start(9);
  report(a, 1, 1.0);
  EXPECT_THAT(report(a, 3, 1.0).commands, IsEmpty());
  EXPECT_THAT(report(b, 2, 2.0).commands, IsEmpty());
  EXPECT_EQ(all<Stop>(report(a, 4, 1.5)).size(), 2u);
}

TEST_F(StudyTest, FailedTrialsDontTryThePatience) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  Begun begun{1, std::nullopt, std::nullopt};
  begun.patience = {.trials = 1};
  step(begun);
  const RunCommand good = start(2);
  report(good, 1, 1.0);
  fail(start(2));
  EXPECT_FALSE(study->halting());
  const RunCommand worse = start(1);
  report(worse, 1, 2.0);
  EXPECT_EQ(only<Stop>(end(worse, 1, true)).segment, good.segment);
  EXPECT_EQ(only<Finish>(end(good, 1)).reason, "patience: loss 1 of trial 0 was not improved on in 1 trial");
}

TEST_F(StudyTest, AStopLetsRunningSegmentsEndAndAResumeGoesOn) {
  begin(0);
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  EXPECT_EQ(only<Stop>(step(StopRequested{StopCause::kSignal, "SIGTERM"})).segment, run.segment);
  EXPECT_FALSE(step(StopRequested{StopCause::kSignal, "SIGTERM"}).accepted);
  report(run, 2, 0.4);
  save(run, 2, kDisk);
  EXPECT_EQ(only<Finish>(end(run, 2)).outcome, Outcome::kStopped);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kPaused);

  EXPECT_THAT(step(Begun{2, std::nullopt, std::nullopt}).commands, IsEmpty());
  const RunCommand again = only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""}));
  EXPECT_EQ(again.from->checkpoint.step, 2);
  EXPECT_EQ(again.until, 9);
  EXPECT_EQ(again.segment >> 32, 2);
}

TEST_F(StudyTest, AStopGivesUpOnSegmentsThatDoNotEnd) {
  begin(0);
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  save(run, 1, run.worker);
  EXPECT_FALSE(step(GivenUp{"too early"}).accepted) << "nothing was stopped";
  step(StopRequested{StopCause::kTimeLimit, ""});
  EXPECT_EQ(only<Finish>(step(GivenUp{"no answer"})).outcome, Outcome::kStopped);
  EXPECT_FALSE(report(run, 2, 0.4).accepted);
  EXPECT_TRUE(save(run, 1, kDisk).accepted) << "what it saved before still reaches the disk";
  step(Begun{2, std::nullopt, std::nullopt});
  const RunCommand again = only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""}));
  EXPECT_EQ(again.from->checkpoint.step, 1);
  EXPECT_EQ(study->board().trial(0).failures, 0);
}

}  // namespace
}  // namespace coppice
