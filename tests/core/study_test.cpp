// Stories: events in, and everything that came out, nothing more.
#include "core/study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using RunCommand = coppice::Run;  // testing::Test has a Run of its own

/// Hands out what the test put on it and notes what it is told.
class ScriptedScheduler final : public Scheduler {
 public:
  void on_reached(SchedulerContext& context, TrialId trial) override {
    reached.push_back(trial);
    if (stop_reached) context.stop(trial, "told to");
    if (hold_at) context.hold(trial, *hold_at);
  }
  void on_report(SchedulerContext& context, TrialId trial) override {
    reports.emplace_back(trial, context.board().trial(trial).steps);
    if (stop_at == context.board().trial(trial).steps) context.stop(trial, "told to");
  }
  void on_failed(SchedulerContext&, TrialId trial, FailureCause) override { failed.push_back(trial); }
  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    if (work.empty()) return std::nullopt;
    if (context.awaits_results() && std::holds_alternative<NewTrial>(work.front())) return std::nullopt;
    Work first = work.front();
    work.pop_front();
    return first;
  }
  std::deque<Work> work;
  std::vector<TrialId> reached;
  std::vector<TrialId> failed;
  std::vector<std::pair<TrialId, Step>> reports;
  std::optional<Step> stop_at;
  bool stop_reached = false;
  std::optional<Step> hold_at;
};

SearchSpace one_float() {
  Parameter x;
  x.name = "x";
  x.low = 0;
  x.high = 1;
  return SearchSpace({x});
}

class StudyTest : public ::testing::Test {
 protected:
  StudyTest() { make({}); }
  void make(StudySettings settings) {
    settings.seed = 7;
    settings.space = one_float();
    settings.metric = "loss";
    auto owned = std::make_unique<ScriptedScheduler>();
    scheduler = owned.get();
    study = std::make_unique<Study>(std::move(settings), std::move(owned));
  }
  Effects step(Event event) { return study->step(event); }
  void begin(int workers) {
    step(Begun{study->incarnation() + 1, std::nullopt, std::nullopt});
    for (int i = 0; i < workers; ++i) step(WorkerUp{study->next_worker(), i, "node", "", ""});
  }
  template <class T>
  static std::vector<T> all(const Effects& effects) {
    std::vector<T> result;
    for (const Command& command : effects.commands) {
      if (const T* value = std::get_if<T>(&command)) result.push_back(*value);
    }
    return result;
  }
  template <class T>
  static T only(const Effects& effects) {
    EXPECT_THAT(effects.commands, SizeIs(1)) << "nothing else is commanded";
    const auto found = all<T>(effects);
    return found.empty() ? T{} : found.front();
  }
  /// Starts a fresh trial on an idle worker and returns its Run.
  RunCommand start(Step until) {
    scheduler->work.push_back(NewTrial{kNoMember, until, "test"});
    const auto effects = step(WorkerUp{study->next_worker(), 0, "node", "", ""});
    const auto propose = only<Propose>(effects);
    return only<RunCommand>(step(Proposed{propose.request, {Value(0.5)}, ""}));
  }
  Effects report(const RunCommand& run, Step at, double loss) {
    return step(Reported{run.segment, run.trial, run.worker, at, {{"loss", loss}}});
  }
  Effects save(const RunCommand& run, Step at, WorkerId place) {
    return step(Saved{{run.trial, at, run.segment}, place, 10});
  }
  Effects end(const RunCommand& run, Step at, bool done = false) {
    return step(SegmentEnded{run.segment, run.trial, run.worker, at, done, {}});
  }

  Effects fail(const RunCommand& run, const std::string& error = "boom", bool no_state = false) {
    return step(SegmentFailed{
        run.segment, run.trial, run.worker, study->board().trial(run.trial).steps, error, {}, no_state});
  }

  /// A trial that was stopped while it trained stays so, and nothing came of whatever ended its segment.
  void expect_stopped(const RunCommand& run) {
    EXPECT_EQ(study->board().trial(run.trial).state, TrialState::kStopped);
    EXPECT_EQ(study->board().trial(run.trial).segment, 0);
    EXPECT_EQ(study->running(), 0);
    EXPECT_THAT(scheduler->reached, IsEmpty()) << "the scheduler knows";
    EXPECT_THAT(scheduler->failed, IsEmpty());
  }

  ScriptedScheduler* scheduler = nullptr;
  std::unique_ptr<Study> study;
};

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

TEST_F(StudyTest, AStudyWithoutMoreWorkFinishes) {
  begin(0);
  const RunCommand run = start(2);
  report(run, 2, 0.5);
  const auto finish = only<Finish>(end(run, 2));
  EXPECT_EQ(finish.outcome, Outcome::kFinished);
  EXPECT_THAT(scheduler->reached, ::testing::ElementsAre(0));
  EXPECT_EQ(study->board().trial(0).state, TrialState::kPaused);
}

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

TEST_F(StudyTest, WhereAllFailAtALaterStepThoseThatWereStoppedBeforeAreNoSuccess) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  begin(0);
  const RunCommand first = start(4);
  report(first, 4, 0.5);
  scheduler->work.push_back(NewTrial{kNoMember, 9, ""});
  const auto propose = only<Propose>(end(first, 4));
  const auto second = only<RunCommand>(step(Proposed{propose.request, {Value(0.5)}, ""}));
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
  const auto propose = only<Propose>(end(first, 4));
  const auto second = only<RunCommand>(step(Proposed{propose.request, {Value(0.5)}, ""}));
  report(second, 3, 0.25);
  EXPECT_EQ(only<Finish>(fail(second)).outcome, Outcome::kFinished);
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

TEST_F(StudyTest, TheStudyStopsEarlyWhenAllTrialsFailBeforeAnyValue) {
  StudySettings settings;
  settings.retries = 0;
  make(settings);
  begin(0);
  RunCommand run = start(4);
  for (TrialId trial = 0; trial < 2; ++trial) {
    scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
    const auto propose = only<Propose>(fail(run, "no module named x"));
    run = only<RunCommand>(step(Proposed{propose.request, {Value(0.5)}, ""}));
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
    const auto propose = only<Propose>(fail(run));
    run = only<RunCommand>(step(Proposed{propose.request, {Value(0.5)}, ""}));
  }
  EXPECT_FALSE(study->halting());
}

TEST_F(StudyTest, ASegmentThatEndsTooSoonIsAFailure) {
  begin(0);
  const RunCommand run = start(4);
  const auto effects = end(run, 0);
  EXPECT_EQ(only<BackOff>(effects).trial, 0);
  ASSERT_THAT(effects.decisions, SizeIs(1));
  EXPECT_EQ(effects.decisions[0].kind, DecisionKind::kRetry);
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
  const auto propose = only<Propose>(end_measured(run));
  const RunCommand slow = only<RunCommand>(step(Proposed{propose.request, {Value(0.5)}, ""}));
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

TEST_F(StudyTest, ANotANumberRanksLastAndIsNeverTheIncumbent) {
  begin(0);
  const RunCommand run = start(4);
  report(run, 1, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(study->board().trial(0).score_at(1), kWorst);
  EXPECT_EQ(study->board().incumbent().trial, kNoTrial);
  report(run, 2, 5.0);
  EXPECT_EQ(study->board().incumbent().step, 2);
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

TEST_F(StudyTest, AResumeAsksAgainForProposalsThatNeverCame) {
  begin(0);
  scheduler->work.push_back(NewTrial{kNoMember, 4, ""});
  const auto asked = only<Propose>(step(WorkerUp{0, 0, "node", "", ""}));
  EXPECT_EQ(only<Propose>(step(Begun{2, std::nullopt, std::nullopt})).request, asked.request);
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

// ---- a trial that is stopped while it trains

TEST_F(StudyTest, ASchedulerHearsOfEachStepOnce) {
  begin(0);
  const RunCommand run = start(4);
  report(run, 1, 0.5);
  report(run, 1, 0.5);
  step(Reported{run.segment, run.trial, run.worker, 2, {{"accuracy", 1.0}}});
  const std::vector<std::pair<TrialId, Step>> expected = {{0, 1}, {0, 2}};
  EXPECT_EQ(scheduler->reports, expected);
}

TEST_F(StudyTest, ARunningTrialThatIsStoppedIsOverAtOnceAndItsWorkerIsAskedToEnd) {
  begin(0);
  scheduler->stop_at = 2;
  const RunCommand run = start(9);
  EXPECT_THAT(report(run, 1, 0.5).commands, IsEmpty());
  const Effects effects = report(run, 2, 0.6);
  EXPECT_EQ(only<Stop>(effects).segment, run.segment);
  ASSERT_THAT(effects.decisions, SizeIs(1));
  EXPECT_EQ(effects.decisions[0].kind, DecisionKind::kStop);
  EXPECT_EQ(effects.decisions[0].step, 2);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kStopped);
  EXPECT_EQ(study->running(), 1) << "its worker isn't free yet";

  EXPECT_FALSE(report(run, 3, 0.1).accepted) << "what comes after the decision does not count";
  EXPECT_EQ(study->board().incumbent().step, 1);
  const auto saved = save(run, 3, run.worker);
  EXPECT_EQ(only<Drop>(saved).checkpoint.step, 3) << "nobody needs this state";
  const RunCommand next = [&] {
    scheduler->work.push_back(NewTrial{kNoMember, 9, "the next"});
    return only<RunCommand>(step(Proposed{only<Propose>(end(run, 3)).request, {Value(0.5)}, ""}));
  }();
  EXPECT_EQ(next.worker, run.worker);
  EXPECT_EQ(study->board().trial(0).state, TrialState::kStopped);
  EXPECT_EQ(study->board().trial(0).steps, 2);
  EXPECT_EQ(study->board().trial(0).segment, 0);
}

TEST_F(StudyTest, HoweverTheSegmentOfAStoppedTrialEndsItIsNotTrainedAgain) {
  using End = std::function<Effects(const RunCommand&)>;
  const std::vector<End> ends = {
      [this](const RunCommand& run) { return end(run, 9); },
      [this](const RunCommand& run) { return end(run, 3, true); },
      [this](const RunCommand& run) { return fail(run); },
      [this](const RunCommand& run) { return fail(run, "no copy", true); },
      [this](const RunCommand& run) {
        return step(WorkerLost{run.worker, "gone"});
      },
      [this](const RunCommand& run) {
        step(StopRequested{StopCause::kSignal, "SIGTERM"});
        EXPECT_EQ(only<Finish>(step(GivenUp{"it hangs"})).outcome, Outcome::kStopped);
        return end(run, 3);
      },
      [this](const RunCommand&) { return step(Begun{study->incarnation() + 1}); },
  };
  for (std::size_t i = 0; i < ends.size(); ++i) {
    SCOPED_TRACE("end " + std::to_string(i));
    make({});
    begin(0);
    scheduler->stop_at = 2;
    const RunCommand run = start(9);
    report(run, 1, 0.5);
    save(run, 1, kDisk);
    report(run, 2, 0.6);
    const Effects effects = ends[i](run);
    EXPECT_THAT(all<RunCommand>(effects), IsEmpty());
    EXPECT_THAT(all<BackOff>(effects), IsEmpty());
    expect_stopped(run);
    scheduler->stop_at.reset();
    if (!study->finish()) step(WorkerUp{study->next_worker(), 0, "node", "", ""});
    ASSERT_TRUE(study->finish()) << "nothing waits";
  }
}

TEST_F(StudyTest, AReportThatEndsTheStudyMayStopItsTrialToo) {
  step(Begun{1, std::nullopt, 0.1});
  scheduler->stop_at = 2;
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  EXPECT_EQ(only<Stop>(report(run, 2, 0.05)).segment, run.segment) << "once is enough";
  EXPECT_EQ(only<Finish>(end(run, 3)).outcome, Outcome::kFinished);
  expect_stopped(run);
}

TEST_F(StudyTest, TheStatesOfOneThatIsStoppedWhileItTrainsAreDroppedUnlessTheyAreTheBest) {
  begin(0);
  const RunCommand good = start(2);
  report(good, 2, 0.1);
  save(good, 2, kDisk);
  end(good, 2);
  begin(0);
  scheduler->stop_at = 3;
  const RunCommand bad = start(9);
  report(bad, 1, 0.9);
  save(bad, 1, kDisk);
  const auto drops = all<Drop>(report(bad, 3, 0.9));
  ASSERT_THAT(drops, SizeIs(1));
  EXPECT_EQ(drops[0].checkpoint.trial, bad.trial);
  EXPECT_NE(study->checkpoints().find(good.trial, 2), nullptr);
}

TEST_F(StudyTest, ASamplerSeesAStoppedTrialWithItsLastScore) {
  begin(0);
  scheduler->stop_at = 2;
  const RunCommand run = start(9);
  report(run, 1, 0.5);
  report(run, 2, 0.6);
  EXPECT_THAT(study->changed(), ::testing::ElementsAre(0));
  EXPECT_EQ(study->board().trial(0).state, TrialState::kStopped);
  EXPECT_EQ(study->board().trial(0).last_score(), 0.6);
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
