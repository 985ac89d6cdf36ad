#include "core/lag.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace coppice {

bool has_ended(const Trial& trial, std::int64_t stretch) {
  return is_over(trial.state) || std::ssize(trial.stops) >= stretch;
}

Trial as_of(const Trial& trial, std::int64_t stretch) {
  check(has_ended(trial, stretch), "only what has ended is known");
  Trial past = trial;
  past.worker = -1;
  past.segment = 0;
  past.failures = 0;
  past.failed_after = 0;
  if (std::ssize(trial.stops) < stretch) return past;
  past.stops.resize(static_cast<std::size_t>(stretch));
  const Step stop = past.stops.back();
  past.until = past.steps = past.stands_at = stop;
  const auto cut = std::erase_if(past.curve, [stop](const CurvePoint& point) { return point.step > stop; });
  if (cut > 0) past.assessment = {};
  past.state = past.curve.empty() ? TrialState::kStopped : TrialState::kPaused;
  return past;
}

LagOrder::LagOrder(std::int64_t lag) : lag_(lag) {
  check(lag >= 1, "a proposal can't know of itself");
}

void LagOrder::add(TrialId trial) {
  due_.push({trial + lag_, {trial, 1}});
}

std::optional<Stretch> LagOrder::next(TrialId k) const {
  if (due_.empty() || due_.top().at > k) return std::nullopt;
  return due_.top().stretch;
}

bool LagOrder::take(const Trial& trial) {
  const Stretch stretch = due_.top().stretch;
  check(stretch.trial == trial.id && has_ended(trial, stretch.number),
        "the next one is taken, after its end");
  due_.pop();
  const bool paused = std::ssize(trial.stops) >= stretch.number;
  if (!paused || trial.last_rival == kNoTrial) return false;
  const std::int64_t following = stretch.number + 1;
  due_.push({trial.last_rival + following * lag_, {trial.id, following}});
  return true;
}

void LagOrder::postpone(TrialId k) {
  Due due = due_.top();
  due_.pop();
  due.at = k;
  due_.push(due);
}

}  // namespace coppice
