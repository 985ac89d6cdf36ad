// The saved states of trials: which are kept and dropped, and what goes on from them, clones too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study_fixture.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StudyTest, ALostWorkersTrialGoesOnElsewhereFromItsLastStateAndIsReportedOnce) {
  begin(0);
  const RunCommand run = start(4);
  report(run, 1, 0.5);
  save(run, 1, kDisk);
  report(run, 2, 0.4);
  step(WorkerLost{run.worker, "gone"});
  const RunCommand again = only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""}));
  ASSERT_TRUE(again.from);
  EXPECT_EQ(again.from->checkpoint.step, 1);
  EXPECT_THAT(again.from->places, ::testing::ElementsAre(kDisk));
  EXPECT_EQ(again.report_after, 2);
  EXPECT_FALSE(report(run, 3, 0.3).accepted) << "the worker that was declared dead does no harm";
  EXPECT_TRUE(report(again, 3, 0.3).accepted);
}

TEST_F(StudyTest, AStateInTheMemoryOfALostWorkerIsGone) {
  begin(0);
  const RunCommand run = start(4);
  report(run, 1, 0.5);
  save(run, 1, run.worker);
  step(WorkerLost{run.worker, "gone"});
  EXPECT_FALSE(only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""})).from)
      << "from scratch, silently up to step 1";
}

TEST_F(StudyTest, ASegmentThatCouldNotGetItsStateCostsNoRetry) {
  begin(0);
  RunCommand run = start(2);
  report(run, 2, 0.5);
  save(run, 2, run.worker);
  scheduler->work.push_back(Continue{0, 4, DecisionKind::kContinue, ""});
  run = only<RunCommand>(end(run, 2));
  // Another copy came while the worker found that there is none.
  step(Saved{run.from->checkpoint, kDisk, 10});
  step(CheckpointLost{run.from->checkpoint, run.worker});
  RunCommand again = only<RunCommand>(fail(run, "no copy", true));
  EXPECT_THAT(again.from->places, ::testing::ElementsAre(kDisk));
  step(CheckpointLost{run.from->checkpoint, kDisk});
  again = only<RunCommand>(fail(again, "no copy", true));
  EXPECT_FALSE(again.from);
  EXPECT_EQ(study->board().trial(0).failures, 0);
}

TEST_F(StudyTest, AnOlderStateGoesOnlyWhenTheNewerOneHasASecondPlace) {
  StudySettings settings;
  settings.keep = 1;
  make(settings);
  begin(0);
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  save(run, 1, run.worker);
  save(run, 1, kDisk);
  report(run, 2, 0.6);
  EXPECT_THAT(save(run, 2, run.worker).commands, IsEmpty());
  // {0, 1} is the best state and stays; make step 3 better, then it may go.
  report(run, 3, 0.1);
  EXPECT_THAT(all<Drop>(save(run, 3, run.worker)), SizeIs(1)) << "step 2 is neither newest nor safe";
  const auto drops = all<Drop>(save(run, 3, kDisk));
  ASSERT_THAT(drops, SizeIs(1));
  EXPECT_EQ(drops[0].checkpoint.step, 1);
  EXPECT_THAT(drops[0].places, ::testing::ElementsAre(kDisk, run.worker));
}

TEST_F(StudyTest, TheStateBeforeADamagedOneIsGoneOnWith) {
  begin(0);
  RunCommand run = start(9);
  for (Step at = 1; at <= 3; ++at) {
    report(run, at, 1.0 - 0.1 * static_cast<double>(at));
    const auto drops = all<Drop>(save(run, at, kDisk));
    ASSERT_THAT(drops, SizeIs(at == 3 ? 1 : 0)) << "two safe ones are kept";
    if (at == 3) {
      EXPECT_EQ(drops[0].checkpoint.step, 1);
    }
  }
  EXPECT_EQ(study->checkpoints().disk_bytes(), 20);
  EXPECT_EQ(study->checkpoints().peak_disk_bytes(), 30);
  step(WorkerLost{run.worker, "gone"});
  run = only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""}));
  EXPECT_EQ(run.from->checkpoint.step, 3);
  step(CheckpointLost{run.from->checkpoint, kDisk});
  const RunCommand again = only<RunCommand>(fail(run, "damaged", true));
  EXPECT_EQ(again.from->checkpoint.step, 2);
  EXPECT_EQ(again.report_after, 3) << "step 3 is trained again silently";
  EXPECT_EQ(study->board().trial(0).failures, 0);
}

TEST_F(StudyTest, HowManyStatesAreKeptMayChangeWithAStart) {
  begin(0);
  step(Begun{2, std::nullopt, std::nullopt, false, std::nullopt, 3});
  const RunCommand run = start(9);
  for (Step at = 1; at <= 3; ++at) {
    report(run, at, 1.0 - 0.1 * static_cast<double>(at));
    EXPECT_THAT(all<Drop>(save(run, at, kDisk)), IsEmpty());
  }
  report(run, 4, 0.1);
  EXPECT_THAT(all<Drop>(save(run, 4, kDisk)), SizeIs(1));
}

TEST_F(StudyTest, AStoppedTrialsStatesAreDroppedUnlessHeld) {
  begin(0);
  const RunCommand good = start(2);
  report(good, 2, 0.1);
  save(good, 2, kDisk);
  end(good, 2);
  begin(0);
  const RunCommand bad = start(2);
  report(bad, 2, 0.9);
  save(bad, 2, bad.worker);
  scheduler->stop_reached = true;
  const auto drops = all<Drop>(end(bad, 2));
  ASSERT_THAT(drops, SizeIs(1));
  EXPECT_EQ(drops[0].checkpoint.trial, bad.trial);
}

TEST_F(StudyTest, ACloneStartsFromTheDonorsStateWhichIsKeptUntilItHasItsOwn) {
  StudySettings settings;
  settings.steps_per_trial = 4;
  make(settings);
  begin(0);
  const RunCommand donor = start(2);
  report(donor, 2, 0.5);
  save(donor, 2, donor.worker);
  save(donor, 2, kDisk);
  scheduler->work.push_back(Clone{3, {0, 2}, 0, 4, DecisionKind::kExploit, "why"});
  const auto effects = end(donor, 2);
  const auto propose = only<Propose>(effects);
  EXPECT_EQ(propose.base, 0);
  ASSERT_THAT(effects.decisions, SizeIs(1));
  EXPECT_EQ(effects.decisions[0].other_trial, 0);
  const RunCommand run = only<RunCommand>(step(Proposed{propose.request, {Value(0.25)}, ""}));
  EXPECT_EQ(run.from->checkpoint, (CheckpointId{0, 2, donor.segment}));
  EXPECT_EQ(run.report_after, 2);
  EXPECT_EQ(study->board().trial(1).first_step(), 3);
  EXPECT_EQ(study->board().fresh(), 1) << "a clone isn't counted by budget.trials";
}

TEST_F(StudyTest, ACloneKeepsItsOriginUntilItHasStatesEnoughOfItsOwn) {
  begin(0);
  const RunCommand donor = start(2);
  report(donor, 2, 0.5);
  save(donor, 2, kDisk);
  scheduler->work.push_back(Clone{3, {0, 2}, 0, 9, DecisionKind::kExploit, "why"});
  scheduler->stop_reached = true;
  const auto propose = all<Propose>(end(donor, 2)).at(0);
  const RunCommand run = only<RunCommand>(step(Proposed{propose.request, {Value(0.25)}, ""}));
  report(run, 3, 0.1);
  EXPECT_THAT(all<Drop>(save(run, 3, kDisk)), IsEmpty()) << "if it is damaged, the origin is the one before";
  report(run, 4, 0.05);
  const auto drops = all<Drop>(save(run, 4, kDisk));
  ASSERT_THAT(drops, SizeIs(1));
  EXPECT_EQ(drops[0].checkpoint.trial, 0);
}

TEST_F(StudyTest, ACloneWhoseOriginIsLostIsVoid) {
  begin(0);
  const RunCommand donor = start(2);
  report(donor, 2, 0.5);
  save(donor, 2, donor.worker);
  scheduler->work.push_back(Clone{3, {0, 2}, 0, 4, DecisionKind::kExploit, "why"});
  const auto propose = only<Propose>(end(donor, 2));
  step(WorkerLost{donor.worker, "gone"});
  step(Proposed{propose.request, {Value(0.25)}, ""});
  step(WorkerUp{1, 0, "node", "", ""});
  EXPECT_THAT(scheduler->failed, ::testing::ElementsAre(1));
  EXPECT_EQ(study->board().trial(1).state, TrialState::kFailed);
}

}  // namespace
}  // namespace coppice
