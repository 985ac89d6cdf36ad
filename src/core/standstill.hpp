/// How long a study has gone without an improvement. Pure: what it is told decides, never a clock.
///
/// A value. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/board.hpp"
#include "core/events.hpp"
#include "core/ids.hpp"

namespace coppice {

/// An improvement is a score that lies more than `min_delta` below the last one that counted as one, so that
/// small steps add up to one. Failed trials count for nothing: they say that a place is bad, not that all is
/// found.
class Standstill {
 public:
  /// A report after `steps` more steps; `score`: nothing where it lacks the objective.
  void on_report(TrialId trial, std::optional<Score> score, Step steps, double min_delta);
  /// A trial is complete or stopped. The one that brought the last improvement doesn't count.
  void on_over(TrialId trial) { trials_ += trial == best_trial_ ? 0 : 1; }

  /// Why it has lasted too long, with the numbers; nothing where it hasn't. `value_text` says the objective
  /// with the value that a score stands for.
  std::optional<std::string> too_long(const Patience& patience,
                                      const std::function<std::string(Score)>& value_text) const;

 private:
  Score best_ = kWorst;
  TrialId best_trial_ = kNoTrial;
  std::int64_t trials_ = 0;  ///< over since then
  Step steps_ = 0;           ///< trained since then, by all trials
};

}  // namespace coppice
