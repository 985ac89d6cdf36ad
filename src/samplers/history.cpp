#include "samplers/history.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/check.hpp"

namespace coppice {

Observation observe(const Trial& trial) {
  using enum Observation::Kind;
  if (trial.origin || trial.state == TrialState::kProposing) return {};
  if (trial.state == TrialState::kFailed) return {kFailed, kWorst};
  const bool ended = is_over(trial.state) || trial.state == TrialState::kPaused;
  if (const auto score = trial.last_score(ended ? kOpenEnd : trial.stands_at)) return {kScored, *score};
  return {is_over(trial.state) ? kFailed : kPending, kWorst};
}

std::vector<double> encode(const SearchSpace& space, const Values& values) {
  check(values.size() == space.size(), "values of another search space");
  std::vector<double> encoded(space.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (!is_absent(values[i])) encoded[i] = space.parameters()[i].encode(values[i]);
  }
  return encoded;
}

History::History(SearchSpace space) : space_(std::move(space)) {}

bool History::tell(const Trial& trial) {
  const Observation now = observe(trial);
  if (now == observation(trial.id)) return false;
  const auto row = static_cast<std::size_t>(trial.id);
  if (row >= observations_.size()) {
    observations_.resize(row + 1);
    encoded_.resize((row + 1) * space_.size(), std::numeric_limits<double>::quiet_NaN());
  }
  if (!observations_[row].known()) {
    const std::vector<double> encoded = encode(space_, trial.params);
    std::copy(encoded.begin(), encoded.end(),
              encoded_.begin() + static_cast<std::ptrdiff_t>(row * space_.size()));
  }
  observations_[row] = now;
  return true;
}

Observation History::observation(TrialId trial) const {
  return trial >= 0 && trial < size() ? observations_[static_cast<std::size_t>(trial)] : Observation{};
}

std::span<const double> History::encoded(TrialId trial) const {
  check(observation(trial).known(), "a trial that was not told");
  return std::span(encoded_).subspan(static_cast<std::size_t>(trial) * space_.size(), space_.size());
}

}  // namespace coppice
