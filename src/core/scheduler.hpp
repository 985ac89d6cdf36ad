/// A scheduler decides who trains, from which state, until which step. It knows nothing of hyperparameters,
/// workers' speed or time.
///
/// It is told what each report adds, when a trial stands at the end of its segment or has failed for good,
/// and asked for work whenever a worker is free. It draws random numbers only from Rng(context.seed(), …), so
/// the same calls in the same order give the same decisions. The study is over when nothing runs or waits and
/// `next` has no work.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/board.hpp"
#include "core/events.hpp"
#include "core/ids.hpp"

namespace coppice {

/// A trial from scratch. `reason` (here and below) goes into the decision that Study records for it.
struct NewTrial {
  MemberId member = kNoMember;
  Step until = 0;
  std::string reason;
  /// Where that is known before: the newest trial with which it is ranked before it may go on from a stop.
  TrialId last_rival = kNoTrial;
};

/// A paused trial trains on. `kind`: kContinue or kPromote.
struct Continue {
  TrialId trial = kNoTrial;
  Step until = 0;
  DecisionKind kind = DecisionKind::kContinue;
  std::string reason;
};

/// A new trial in `member`'s place begins from the state of `origin`, with hyperparameters explored from
/// those of trial `base`. Precondition: the context says that this state is held somewhere.
struct Clone {
  MemberId member = kNoMember;
  Origin origin;
  TrialId base = kNoTrial;
  Step until = 0;
  DecisionKind kind = DecisionKind::kExploit;  ///< kExplore where the member goes on from its own state
  std::string reason;
};

/// The hyperparameters of a trial are measured again: a trial of its own (Trial::is_rerun), from scratch and
/// with another seed. It is no result to the sampler, and budget.trials doesn't count it.
struct Rerun {
  TrialId trial = kNoTrial;
  Step until = 0;
  std::string reason;
};

using Work = std::variant<NewTrial, Continue, Clone, Rerun>;

/// Why nothing came of a trial.
enum class FailureCause {
  kTrial,       ///< it failed more often than it may, or ended without its objective
  kOriginLost,  ///< it could not go on: no copy of the state that it begins from is left
  kExhausted,   ///< the search space has no hyperparameters left for it: it never began
};

/// What a scheduler sees and may do while it is called.
class SchedulerContext {
 public:
  virtual const Board& board() const = 0;
  virtual std::uint64_t seed() const = 0;
  /// The objective's value that a score stands for, as reasons should say it; NaN for kWorst.
  virtual double value_of(Score score) const = 0;
  /// Limit on trials from scratch; none: unlimited. Once the search space is exhausted: those there are.
  virtual std::optional<std::int64_t> max_trials() const = 0;
  /// No budget, of trials or time or a target, says when to stop: a scheduler then has an end of its own.
  virtual bool endless() const = 0;
  /// The sampler must know of more results before the next trial from scratch may begin, so that what it
  /// proposes doesn't depend on timing: `next` has no NewTrial then, and other work if there is any.
  virtual bool awaits_results() const { return false; }
  /// Whether a copy of the state exists.
  virtual bool has_checkpoint(TrialId trial, Step step) const = 0;
  /// Keeps the state {trial, step} until it is released, also after the trial is over. No effect where there
  /// is none.
  virtual void hold(TrialId trial, Step step) = 0;
  virtual void release(TrialId trial, Step step) = 0;
  /// Ends a trial that is paused or trains before its budget, and records a kStop decision. It is kStopped at
  /// once: what its worker still trains doesn't count, and the scheduler hears no more of it. `other`: the
  /// trial it gave way to.
  virtual void stop(TrialId trial, std::string reason, TrialId other = kNoTrial) = 0;

 protected:
  ~SchedulerContext() = default;
};

class Scheduler {
 public:
  Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  virtual ~Scheduler() = default;

  /// `trial`, which trains, has reported step `trial.steps`; its curve has a point there if the report had
  /// the objective. Called once for each step of a trial, in order.
  virtual void on_report(SchedulerContext&, TrialId) {}
  /// `trial` stands at the end of its segment. Its state is kPaused, or kComplete where it has nothing more
  /// to train.
  virtual void on_reached(SchedulerContext& context, TrialId trial) = 0;
  /// `trial` is kFailed; where the search space is exhausted it is kStopped instead, and none is begun after
  /// it.
  virtual void on_failed(SchedulerContext& context, TrialId trial, FailureCause cause) = 0;
  /// Work for the free worker `worker` (which may prefer what it trained last), or nothing for now.
  virtual std::optional<Work> next(SchedulerContext& context, WorkerId worker) = 0;
};

}  // namespace coppice
