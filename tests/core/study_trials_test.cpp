// The life of a trial in a study: proposed, run, reported and assessed, and run again under another seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

#include "study_fixture.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StudyTest, AFreshTrialIsProposedAndThenRunFromScratch) {
  begin(0);
  const RunCommand run = start(4);
  EXPECT_EQ(run.trial, 0);
  EXPECT_EQ(run.worker, 0);
  EXPECT_EQ(run.until, 4);
  EXPECT_EQ(run.report_after, 0);
  EXPECT_FALSE(run.from);
  EXPECT_EQ(run.segment >> 32, 1) << "segments carry the incarnation";
}

TEST_F(StudyTest, AReportTwiceOrOfAnOldSegmentIsNotAccepted) {
  begin(0);
  const RunCommand run = start(4);
  EXPECT_TRUE(report(run, 1, 0.5).accepted);
  EXPECT_FALSE(report(run, 1, 0.4).accepted);
  RunCommand old = run;
  old.segment = make_segment(0, 1);
  EXPECT_FALSE(report(old, 2, 0.1).accepted);
  EXPECT_EQ(study->board().trial(0).curve.size(), 1u);
}

TEST_F(StudyTest, WithALagATrialFromScratchWaitsForTheResultsBeforeIt) {
  StudySettings settings;
  settings.lag = 2;
  make(settings);
  begin(0);
  const RunCommand zero = start(4);
  const RunCommand one = start(4);
  scheduler->work = {NewTrial{kNoMember, 4, "test"}, NewTrial{kNoMember, 4, "test"}};
  EXPECT_THAT(step(WorkerUp{2, 0, "node", "", ""}).commands, IsEmpty()) << "trial 0 has no result yet";
  report(one, 4, 1);
  EXPECT_THAT(end(one, 4).commands, IsEmpty()) << "what counts is whose it is, not how many there are";
  scheduler->work.push_front(Continue{1, 9, DecisionKind::kPromote, "other work goes on"});
  EXPECT_EQ(only<RunCommand>(step(WorkerUp{3, 0, "node", "", ""})).trial, 1);
  report(zero, 4, 1);
  const auto proposes = all<Propose>(end(zero, 4));
  ASSERT_THAT(proposes, SizeIs(2)) << "2 waited for 0, and 3 for 1";
  EXPECT_EQ(proposes[0].trial, 2);
  EXPECT_EQ(study->board().trial(1).stops, std::vector<Step>{4});
}

TEST_F(StudyTest, ANotANumberRanksLastAndIsNeverTheIncumbent) {
  begin(0);
  const RunCommand run = start(4);
  report(run, 1, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(study->board().trial(0).score_at(1), kWorst);
  EXPECT_EQ(study->board().incumbent().trial, kNoTrial);
  report(run, 2, 5.0);
  EXPECT_EQ(study->board().incumbent().step, 2);
}

TEST_F(StudyTest, ATrialIsAssessedByAllObjectivesAndConstraints) {
  StudySettings settings;
  settings.further = {{"speed", false}};
  settings.constraints = {{"memory", 10}};
  make(std::move(settings));
  begin(0);
  const auto run = start(2);
  step(Reported{run.segment, run.trial, run.worker, 1, {{"memory", 12}, {"speed", 3}, {"loss", 0.5}}});
  const Trial& trial = study->board().trial(run.trial);
  EXPECT_EQ(trial.assessment, (Assessment{{0.5, -3}, {2}}));
  step(Reported{run.segment, run.trial, run.worker, 2, {{"speed", 9}}});
  EXPECT_EQ(trial.assessment, (Assessment{{0.5, -3}, {2}})) << "a report without the first objective is none";
  EXPECT_THAT(trial.curve, SizeIs(1));
}

TEST_F(StudyTest, ASchedulerHearsOfEachStepOnce) {
  begin(0);
  const RunCommand run = start(4);
  report(run, 1, 0.5);
  report(run, 1, 0.5);
  step(Reported{run.segment, run.trial, run.worker, 2, {{"accuracy", 1.0}}});
  const std::vector<std::pair<TrialId, Step>> expected = {{0, 1}, {0, 2}};
  EXPECT_EQ(scheduler->reports, expected);
}

TEST_F(StudyTest, AResumeAsksAgainForProposalsThatNeverCame) {
  begin(0);
  scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
  const auto asked = only<Propose>(step(WorkerUp{0, 0, "node", "", ""}));
  EXPECT_EQ(only<Propose>(step(Begun{2, std::nullopt, std::nullopt})).request, asked.request);
}

TEST_F(StudyTest, ARerunTrainsTheSameHyperparametersFromScratchWithASeedOfItsOwn) {
  begin(0);
  const RunCommand first = start(2);
  report(first, 2, 0.5);
  save(first, 2, kDisk);
  scheduler->work.push_back(Rerun{0, 2, "why"});
  const Effects effects = end(first, 2);
  const RunCommand run = only<RunCommand>(effects);
  EXPECT_EQ(run.trial, 1);
  EXPECT_EQ(run.params, first.params) << "and nobody was asked for them";
  EXPECT_NE(run.trial_seed, first.trial_seed);
  EXPECT_FALSE(run.from) << "not from the state of trial 0";
  EXPECT_EQ(run.until, 2);
  EXPECT_EQ(run.report_after, 0);
  ASSERT_THAT(effects.decisions, SizeIs(1));
  EXPECT_EQ(effects.decisions[0].kind, DecisionKind::kRerun);
  EXPECT_EQ(effects.decisions[0].other_trial, 0);
  EXPECT_EQ(effects.decisions[0].reason, "why");
  EXPECT_THAT(study->changed(), ::testing::ElementsAre(0, 1));
  EXPECT_TRUE(study->board().trial(1).is_rerun());
  EXPECT_EQ(study->board().trial(1).first_step(), 1);
  EXPECT_EQ(study->board().fresh(), 1) << "a rerun isn't counted by budget.trials";

  step(WorkerLost{run.worker, "gone"});
  const RunCommand again = only<RunCommand>(step(WorkerUp{study->next_worker(), 0, "node", "", ""}));
  EXPECT_EQ(again.trial, 1);
  EXPECT_FALSE(again.from);
  report(again, 2, 0.7);
  scheduler->stop_reached = true;
  end(again, 2);
  EXPECT_EQ(study->board().trial(1).state, TrialState::kStopped);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kPaused);
}

}  // namespace
}  // namespace coppice
