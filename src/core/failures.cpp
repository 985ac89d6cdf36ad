// The part of Study that deals with failures: which are the trial's, when it is tried again, when it is given
// up, and when all of them mean that the program is wrong.
#include <algorithm>
#include <cmath>

#include "core/study.hpp"

namespace coppice {

namespace {
constexpr int kMostDoublings = 6;
constexpr double kLongestBackOff_s = 60;

/// 1 s, 2 s, 4 s, … at most a minute: what was amiss may pass, and meanwhile the worker has other work.
double back_off_s(int failures) {
  return std::min(kLongestBackOff_s, std::ldexp(1.0, std::min(failures - 1, kMostDoublings)));
}
}  // namespace

bool Study::on(const SegmentFailed& event) {
  const auto it = running_.find(event.segment);
  if (it == running_.end() || it->second.trial != event.trial) return false;
  end_segment(event.segment);
  if (is_over(board_.trial(event.trial).state)) return true;  // it was stopped
  if (event.no_state) {
    requeue(event.trial);
  } else {
    on_failure(event.trial, event.step, event.error);
  }
  return true;
}

void Study::on_failure(TrialId id, Step step, const std::string& error) {
  Trial& trial = board_.edit(id);
  ++trial.failures;
  trial.failed_after = std::max(trial.failed_after, step);
  failed_.insert(id);
  if (trial.failures > retries_) {
    fail(id, DecisionKind::kFail,
         std::to_string(trial.failures) + " failures, the last after step " + std::to_string(step) + ": " +
             error);
  } else {
    decide(DecisionKind::kRetry, id, step,
           "failure " + std::to_string(trial.failures) + " of at most " + std::to_string(retries_ + 1) +
               ": " + error);
    if (halting_) {
      requeue(id);
    } else {
      trial.state = TrialState::kReady;
      backing_off_.insert(id);
      command(BackOff{id, back_off_s(trial.failures)});
    }
  }
  halt_if_all_fail(error);
}

bool Study::on(const BackedOff& event) {
  if (finish_ || backing_off_.erase(event.trial) == 0) return false;
  requeue(event.trial);
  return true;
}

/// Why nothing came of it, if so: trials failed, none is complete, and none of the others got further than
/// those that failed. They may have been stopped or paused before, as the failure waits at a later step.
std::string Study::failure_of_all() const {
  Step failed_at = -1;
  Step others_at = -1;
  std::int64_t failed = 0;
  for (const Trial& trial : board_.trials()) {
    if (trial.state == TrialState::kComplete) return "";
    const bool this_one = trial.state == TrialState::kFailed;
    failed += this_one ? 1 : 0;
    Step& at = this_one ? failed_at : others_at;
    at = std::max(at, trial.steps);
  }
  if (failed == 0 || others_at > failed_at) return "";
  if (failed == board_.size()) return "every trial failed: " + last_error_;
  return "no trial is complete, and none got further than the " + std::to_string(failed) +
         " that failed: " + last_error_;
}

/// Several trials, all that were tried, and none ever gave a value: the program is wrong, not its
/// hyperparameters.
void Study::halt_if_all_fail(const std::string& error) {
  constexpr std::size_t kEnough = 3;
  if (any_score_ || halting_ || failed_.size() < kEnough || failed_.size() < tried_.size()) return;
  halt(Outcome::kFailed,
       "all of the first " + std::to_string(failed_.size()) + " trials fail, the last one so: " + error);
}

void Study::fail(TrialId trial, DecisionKind kind, const std::string& reason) {
  set_over(trial, TrialState::kFailed);
  last_error_ = reason;
  decide(kind, trial, board_.trial(trial).steps, reason);
  scheduler_->on_failed(*this, trial,
                        kind == DecisionKind::kVoid ? FailureCause::kOriginLost : FailureCause::kTrial);
}

}  // namespace coppice
