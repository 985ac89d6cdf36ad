// A study whose allocation ends: what is still begun, and when it stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study_fixture.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A study in an allocation: steps take 10 s, start-up 4 s, loading 1 s, a save 2 s, and writing it 3 s.
class TimeLimitTest : public StudyTest {
 protected:
  void begin_with(double time_left_s) {
    step(Begun{study->incarnation() + 1, std::nullopt, std::nullopt, false, std::nullopt, std::nullopt,
               time_left_s});
  }
  /// One trial of two steps is trained.
  RunCommand measure(bool saves = true) {
    const RunCommand run = start(2);
    report(run, 1, 0.5);
    step(Reported{run.segment, run.trial, run.worker, 2, {{"loss", 0.4}}, 10});
    if (saves) {
      save(run, 2, run.worker);
      step(Saved{{run.trial, 2, run.segment}, kDisk, 10, 3});
    }
    return run;
  }
  Effects end_measured(const RunCommand& run, bool done = false) {
    SegmentTimes times;
    times.startup_s = 4;
    times.load_s = 1;
    times.train_s = 20;
    times.save_s = 2;
    times.steps = 2;
    return step(SegmentEnded{run.segment, run.trial, run.worker, 2, done, times});
  }
};

TEST_F(TimeLimitTest, NothingIsStartedThatCannotEndWithItsCheckpoint) {
  begin_with(3600);
  const RunCommand run = measure();
  EXPECT_EQ(study->stop_lead_s(), 10 + 3 + Study::kLastWrites_s) << "no save was measured yet";
  scheduler->work.push_back(Continue{0, 9, DecisionKind::kContinue, ""});
  step(TimeLeft{20});  // a step, a save, a write, and all else: 20 s; in place
  const RunCommand more = only<RunCommand>(end_measured(run));
  EXPECT_EQ(study->horizon_s(), 5 + 10 + 2 + 3 + Study::kLastWrites_s);
  EXPECT_EQ(study->stop_lead_s(), 10 + 2 + 3 + Study::kLastWrites_s);
  scheduler->work.push_back(NewTrial{kNoMember, 9, ""});
  step(TimeLeft{24.9});
  EXPECT_THAT(step(WorkerUp{1, 1, "node", "", ""}).commands, IsEmpty()) << "elsewhere it must start up: 25 s";
  step(TimeLeft{25});
  EXPECT_EQ(study->board().size(), 2) << "told that there is time, it goes on by itself";
  EXPECT_EQ(more.trial, 0);
}

TEST_F(TimeLimitTest, WhereNothingFitsTheStudyStopsAndGoesOnInTheNextAllocation) {
  begin_with(3600);
  const RunCommand run = measure();
  scheduler->work.push_back(Continue{0, 9, DecisionKind::kPromote, ""});
  step(TimeLeft{19.9});
  const auto effects = end_measured(run);
  EXPECT_EQ(only<Finish>(effects).outcome, Outcome::kStopped);
  EXPECT_THAT(only<Finish>(effects).reason,
              ::testing::AllOf(::testing::HasSubstr("time limit"), ::testing::HasSubstr("ends in 20 s"),
                               ::testing::HasSubstr("a step 10 s, a save 5 s")));
  EXPECT_EQ(effects.decisions.back().kind, DecisionKind::kHalt);
  begin_with(3600);
  EXPECT_EQ(only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""})).trial, 0);
}

TEST_F(TimeLimitTest, AStudyWithoutMoreWorkIsFinishedHoweverLittleTimeIsLeft) {
  begin_with(3600);
  const RunCommand run = measure();
  step(TimeLeft{1});
  EXPECT_EQ(only<Finish>(end_measured(run)).outcome, Outcome::kFinished);
}

TEST_F(TimeLimitTest, WhatCannotBeSavedMustFitWhole) {
  StudySettings settings;
  settings.steps_per_trial = 3;
  make(settings);
  begin_with(3600);
  const RunCommand run = measure(false);
  scheduler->work.push_back(NewTrial{kNoMember, 3, ""});
  step(TimeLeft{39});  // 3 steps, start-up and load, and the last writes: 40 s
  const auto propose = only<Propose>(end_measured(run));
  EXPECT_EQ(study->stop_lead_s(), Study::kLastWrites_s) << "what is cut is lost";
  EXPECT_EQ(study->horizon_s(), 5 + 3 * 10 + Study::kLastWrites_s);
  const auto finish = only<Finish>(step(Proposed{propose.request, {Value(0.5)}, ""}));
  EXPECT_EQ(finish.outcome, Outcome::kStopped);
}

TEST_F(TimeLimitTest, ASegmentThatIsStoppedBeforeItBeginsSaysNothingOfSaving) {
  begin_with(3600);
  const RunCommand run = start(9);
  step(StopRequested{StopCause::kSignal, "SIGUSR1"});
  EXPECT_EQ(only<Finish>(end(run, 0)).outcome, Outcome::kStopped);
  begin_with(3600);
  const RunCommand again = only<RunCommand>(step(WorkerUp{1, 0, "node", "", ""}));
  step(Reported{again.segment, again.trial, again.worker, 1, {{"loss", 0.5}}, 10});
  EXPECT_EQ(study->stop_lead_s(), 10 + Study::kLastWrites_s) << "enough for the step under way";
}

TEST_F(TimeLimitTest, ATrialGoesByItsOwnStepsAndAKindByItsOwnTrials) {
  begin_with(3600);
  const RunCommand run = measure();
  scheduler->work.push_back(NewTrial{kNoMember, 9, ""});
  const RunCommand slow = propose(end_measured(run));
  step(Reported{slow.segment, slow.trial, slow.worker, 1, {{"loss", 0.5}}, 100});
  EXPECT_EQ(study->stop_lead_s(), 100 + 2 + 3 + Study::kLastWrites_s);
  step(TimeLeft{30});
  scheduler->work.push_back(Continue{0, 9, DecisionKind::kContinue, ""});
  EXPECT_THAT(step(WorkerUp{1, 1, "node", "", ""}).commands, IsEmpty())
      << "a trial that is not known may be as slow";
  scheduler->work.push_front(NewTrial{kNoMember, 9, ""});
  EXPECT_THAT(all<Propose>(step(WorkerUp{2, 2, "node", "GPU-1", "H100"})), SizeIs(1))
      << "on another kind nothing was measured";
}

TEST_F(TimeLimitTest, WhatFitsIntoNoAllocationIsTriedAtTheBeginningOfOne) {
  begin_with(3600);
  RunCommand run = measure();
  end_measured(run);
  scheduler->work.push_back(Continue{0, 9, DecisionKind::kContinue, ""});
  for (int start = 0; start < 2; ++start) {
    begin_with(15);
    EXPECT_EQ(all<Finish>(step(WorkerUp{study->next_worker(), 0, "node", "", ""})).size(), 1u)
        << "there were longer ones";
  }
  begin_with(15);
  const auto effects = step(WorkerUp{study->next_worker(), 0, "node", "", ""});
  run = only<RunCommand>(effects);
  EXPECT_EQ(run.trial, 0);
  EXPECT_THAT(effects.decisions.back().reason, ::testing::HasSubstr("none of the last allocations"));
  step(TimeLeft{12});
  scheduler->work.push_back(Continue{0, 20, DecisionKind::kContinue, ""});
  EXPECT_EQ(only<Finish>(end(run, 9)).outcome, Outcome::kStopped) << "but once only";
}

}  // namespace
}  // namespace coppice
