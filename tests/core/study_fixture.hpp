/// A study whose scheduler does as the test says: events go in, and the test sees everything that came out.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../support/parameters.hpp"
#include "core/study.hpp"

namespace coppice {

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

class StudyTest : public testing::Test {
 protected:
  StudyTest() { make({}); }
  void make(StudySettings settings) {
    settings.seed = 7;
    settings.space = SearchSpace({spaces::number("x", 0, 1)});
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
    EXPECT_THAT(effects.commands, testing::SizeIs(1)) << "nothing else is commanded";
    const auto found = all<T>(effects);
    return found.empty() ? T{} : found.front();
  }
  /// Answers the one wish for hyperparameters and returns the Run that comes of it.
  RunCommand propose(const Effects& effects) {
    return only<RunCommand>(step(Proposed{only<Propose>(effects).request, {Value(0.5)}, ""}));
  }
  /// Starts a fresh trial on an idle worker and returns its Run.
  RunCommand start(Step until) {
    scheduler->work.push_back(NewTrial{kNoMember, until, "test"});
    return propose(step(WorkerUp{study->next_worker(), 0, "node", "", ""}));
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
    EXPECT_THAT(scheduler->reached, testing::IsEmpty()) << "the scheduler knows";
    EXPECT_THAT(scheduler->failed, testing::IsEmpty());
  }

  ScriptedScheduler* scheduler = nullptr;
  std::unique_ptr<Study> study;
};

}  // namespace coppice
