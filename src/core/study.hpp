/// The study: a state machine. Events in, commands and decisions out. It does no I/O, reads no clock and
/// draws no hidden randomness, so the same code runs under MPI, in a unit test, in a simulation and in
/// replay.
///
/// Ownership: owns its scheduler, board and checkpoint table. One thread. A stale or unknown event is not
/// accepted and changes nothing; an event that breaks the protocol within the current incarnation is our bug
/// and throws std::logic_error.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/board.hpp"
#include "core/checkpoint_table.hpp"
#include "core/events.hpp"
#include "core/lag.hpp"
#include "core/measured_times.hpp"
#include "core/scheduler.hpp"
#include "core/standstill.hpp"

namespace coppice {

/// Changes whenever the same events would lead to other commands: a journal of another version is not
/// continued.
inline constexpr std::int32_t kDecisionVersion = 7;

struct StudySettings {
  std::uint64_t seed = 0;
  SearchSpace space;
  std::string metric;  ///< the first objective: what trials are ranked by
  bool minimize = true;
  std::vector<Objective> further = {};  ///< other objectives
  std::vector<Constraint> constraints = {};
  int repeats = 1;                  ///< of each trial: repeats.hpp
  int retries = 2;                  ///< unless a Begun says otherwise
  int keep = 2;                     ///< safe states of a trial that goes on; unless a Begun says otherwise
  Step steps_per_trial = kOpenEnd;  ///< a trial that stands here is complete
  /// Trials from scratch wait for the results of those so long before them: see lag.hpp. Absent: they don't.
  std::optional<std::int64_t> lag = {};
};

class Study final : private SchedulerContext {
 public:
  /// What everything takes that must be written after the last segment.
  static constexpr double kLastWrites_s = 5;

  Study(StudySettings settings, std::unique_ptr<Scheduler> scheduler);

  Effects step(const Event& event);

  const Board& board() const override { return board_; }
  const StudySettings& settings() const { return settings_; }
  const CheckpointTable& checkpoints() const { return checkpoints_; }
  /// The trials with hyperparameters that the last event changed, ascending: what a sampler is to be told.
  const std::vector<TrialId>& changed() const { return changed_; }
  /// Score of an objective value: minimised, NaN and infinities are kWorst.
  Score score_of(double value) const;
  /// The objective's value that a score stands for; NaN for kWorst.
  double value_of(Score score) const override;
  std::int32_t incarnation() const { return incarnation_; }
  WorkerId next_worker() const { return next_worker_; }
  std::int64_t running() const { return static_cast<std::int64_t>(running_.size()); }
  const std::optional<Finish>& finish() const { return finish_; }
  bool halting() const { return halting_; }
  bool has_idle() const { return !idle_.empty(); }
  /// What no segment takes longer than, by what was measured: with more time left the end of the allocation
  /// doesn't matter.
  double horizon_s() const;
  /// How long before the end what runs must be asked to stop, so that it ends with its checkpoint.
  double stop_lead_s() const;
  /// For people: how much time is left, and what was measured.
  std::string time_text(double time_left_s) const;

 private:
  struct Running {
    TrialId trial = kNoTrial;
    WorkerId worker = 0;
    int saves = 0;
  };
  struct Worker {
    std::string kind;  ///< of its device
    bool worked = false;
    TrialId last_trial = kNoTrial;  ///< that it has in place
  };
  static constexpr const char* kCpu = "cpu";  ///< the kind of workers without a device

  bool on(const Begun& event);
  bool on(const WorkerUp& event);
  bool on(const WorkerLost& event);
  bool on(const Proposed& event);
  bool on(const Reported& event);
  bool on(const Saved& event);
  bool on(const CheckpointLost& event);
  bool on(const SegmentEnded& event);
  bool on(const SegmentFailed& event);
  bool on(const StopRequested& event);
  bool on(const BackedOff& event);
  bool on(const TimeLeft& event);
  bool on(const GivenUp& event);

  // What a scheduler sees (SchedulerContext).
  std::uint64_t seed() const override { return settings_.seed; }
  std::optional<std::int64_t> max_trials() const override;
  bool endless() const override { return endless_; }
  bool awaits_results() const override { return awaits_results_; }
  bool has_checkpoint(TrialId trial, Step step) const override;
  void hold(TrialId trial, Step step) override;
  void release(TrialId trial, Step step) override;
  void stop(TrialId trial, std::string reason, TrialId other) override;

  void decide(DecisionKind kind, TrialId trial, Step step, std::string reason, TrialId other = kNoTrial);
  void begin_allocation(std::optional<double> time_left_s);
  void measure(const Reported& event, const Running& running);
  void measure(const SegmentEnded& event, const Running& running);
  double save_s(const KindTimes& times) const;
  std::optional<double> need_s(TrialId trial, const Worker& worker) const;
  bool fits(TrialId trial, WorkerId worker) const;
  bool never_fits(TrialId trial, WorkerId worker) const;
  bool time_is_short() const;

  void dispatch();
  void run_ready();
  std::optional<WorkerId> next_for_new_work();
  void look_at_results();
  void take(const Work& work);
  void propose(TrialId trial, std::optional<TrialId> base);
  void withdraw(TrialId trial, const std::string& why);
  bool run(TrialId trial);
  std::optional<Source> source_of(const Trial& trial) const;
  std::optional<WorkerId> choose_worker(const Trial& trial, const std::optional<Source>& source);
  void end_segment(SegmentId segment);
  void cut_segment(SegmentId segment);
  void on_failure(TrialId trial, Step step, const std::string& error);
  void halt_if_all_fail(const std::string& error);
  std::string failure_of_all() const;
  void requeue(TrialId trial);
  void fail(TrialId trial, DecisionKind kind, const std::string& reason);
  void set_over(TrialId trial, TrialState state);
  void lose_worker(WorkerId worker);
  void halt(Outcome outcome, std::string reason);
  void halt_at_standstill();
  void finish_if_quiet();
  void drop_unneeded(TrialId trial);
  template <class T>
  void command(T&& value) {
    effects_.commands.emplace_back(std::forward<T>(value));
  }

  StudySettings settings_;
  std::vector<Objective> objectives_;  ///< of the settings, the first one first
  std::unique_ptr<Scheduler> scheduler_;
  Board board_;
  CheckpointTable checkpoints_;
  Effects effects_;  ///< of the event under way
  std::vector<TrialId> changed_;

  std::int32_t incarnation_ = 0;
  std::optional<std::int64_t> max_trials_;
  std::optional<double> target_;
  bool endless_ = false;
  Patience patience_;
  Standstill standstill_;
  std::optional<double> time_left_s_;  ///< until the allocation ends, as it was told last
  std::deque<double> allocations_s_;   ///< lengths of the last ones, where they were known
  MeasuredTimes times_;
  std::optional<bool> saves_;  ///< whether trials can be saved, once one was seen to end
  bool resting_ = false;       ///< something waits that can't end before the allocation does
  int retries_;
  WorkerId next_worker_ = 0;
  RequestId next_request_ = 0;
  std::int32_t next_segment_ = 1;
  std::map<WorkerId, Worker> workers_;  ///< alive
  std::set<WorkerId> idle_;
  std::map<SegmentId, Running> running_;
  std::map<RequestId, TrialId> requests_;  ///< unanswered
  std::map<TrialId, TrialId> bases_;       ///< … and what an explorer is to start from
  std::optional<LagOrder> results_;        ///< where there is a lag: what the next proposal waits for …
  bool awaits_results_ = false;            ///< … and whether some of that is missing
  std::string exhausted_;                  ///< why no trial from scratch begins any more; empty: they do
  std::deque<TrialId> ready_;
  std::set<TrialId> backing_off_;  ///< failed, and not to be tried again yet
  bool halting_ = false;
  Finish halt_finish_;
  std::optional<Finish> finish_;
  bool any_score_ = false;     ///< the objective was reported, ever
  std::set<TrialId> tried_;    ///< trials that ran in this incarnation …
  std::set<TrialId> failed_;   ///< … and those of them that failed at least once
  std::string other_metrics_;  ///< names in the last report that lacked the objective
  std::string last_error_;     ///< why the last trial that failed did
};

}  // namespace coppice
