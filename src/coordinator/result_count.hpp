/// By what a proposal that was made ahead ages: the results that have come since. Values; one thread.
#pragma once

#include <cstdint>
#include <set>

#include "core/board.hpp"

namespace coppice {

/// What is told of trials, counted.
class ResultCount {
 public:
  void tell(const Trial& trial) {
    if (trial.state == TrialState::kReady || trial.state == TrialState::kRunning) {
      pending_.insert(trial.id);
    } else {
      results_ += static_cast<std::int64_t>(pending_.erase(trial.id));
    }
  }

  /// Stretches of training that have ended since the first one was told of.
  std::int64_t results() const { return results_; }
  /// How many results a proposal may lack: few beside those that it could not know anyway.
  std::int64_t bound() const { return std::ssize(pending_) / 8; }
  /// Whether it may still lack one when one more has come: the result that frees the worker that asks.
  bool may_lack_the_next() const { return (std::ssize(pending_) - 1) / 8 > 0; }

 private:
  std::set<TrialId> pending_;
  std::int64_t results_ = 0;
};

}  // namespace coppice
