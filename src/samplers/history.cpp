#include "samplers/history.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "core/check.hpp"

namespace coppice {

namespace {

/// Where a trial's score that counts was reported at the latest.
Step last_step(const Trial& trial) {
  const bool ended = is_over(trial.state) || trial.state == TrialState::kPaused;
  return ended ? kOpenEnd : trial.stands_at;
}

}  // namespace

Observation observe(const Trial& trial) {
  using enum Observation::Kind;
  if (trial.origin || trial.state == TrialState::kProposing) return {};
  if (trial.state == TrialState::kFailed) return {kFailed, kWorst};
  if (const auto score = trial.last_score(last_step(trial))) return {kScored, *score};
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

History::History(SearchSpace space, std::size_t least) : space_(std::move(space)), least_(least) {
  check(least > 0, "a step that no trial has come to");
}

bool History::tell(const Trial& trial) {
  const auto row = static_cast<std::size_t>(trial.id);
  Past now = past_of(trial);
  if (!now.last.known() || (row < pasts_.size() && now == pasts_[row])) return false;
  if (row >= pasts_.size()) {
    pasts_.resize(row + 1);
    observations_.resize(row + 1);
    encoded_.resize((row + 1) * space_.size(), std::numeric_limits<double>::quiet_NaN());
  }
  if (!observations_[row].known()) {
    const std::vector<double> encoded = encode(space_, trial.params);
    std::copy(encoded.begin(), encoded.end(),
              encoded_.begin() + static_cast<std::ptrdiff_t>(row * space_.size()));
  }
  Past& past = pasts_[row];
  if (past.reach > 0 && --reaches_[past.reach] == 0) reaches_.erase(past.reach);
  if (now.reach > 0) ++reaches_[now.reach];
  for (const CurvePoint& point : trial.curve) {
    if (now.reach > 0 && point.step <= now.reach) now.curve.push_back(point);
  }
  past = std::move(now);
  if (const Step step = find_step(); step != step_) {
    step_ = step;
    for (std::size_t i = 0; i < pasts_.size(); ++i) observe_again(i);
    return true;
  }
  return observe_again(row);
}

bool History::observe_again(std::size_t row) {
  const Observation now = observe_at_step(pasts_[row]);
  const Observation before = std::exchange(observations_[row], now);
  results_ += (now.over() ? 1 : 0) - (before.over() ? 1 : 0);
  return now != before;
}

/// Without the curve, which most of what is told doesn't change.
History::Past History::past_of(const Trial& trial) const {
  Past past{observe(trial), trial.state == TrialState::kReady || trial.state == TrialState::kRunning, 0, {}};
  if (least_ == kNever || past.last.kind != Observation::Kind::kScored) return past;
  past.reach = trial.state == TrialState::kComplete ? kOpenEnd : std::min(last_step(trial), trial.steps);
  return past;
}

/// Whether a trial failed says it at any step.
Observation History::observe_at_step(const Past& past) const {
  using enum Observation::Kind;
  if (past.last.kind != kScored || step_ == 0) return past.last;
  if (past.reach < step_)
    return past.moves ? Observation{kPending, kWorst} : Observation{kBehind, past.last.score};
  const auto after = std::upper_bound(past.curve.begin(), past.curve.end(), step_,
                                      [](Step step, const CurvePoint& point) { return step < point.step; });
  if (after == past.curve.begin()) return {kPending, kWorst};  // it reports more rarely than others
  return {kScored, std::prev(after)->score};
}

Step History::find_step() const {
  std::size_t count = 0;
  for (const auto& [step, trials] : reaches_) {
    count += trials;
    if (count >= least_) return step;
  }
  return 0;
}

std::vector<Step> History::rungs(std::size_t limit) const {
  std::vector<Step> rungs;
  for (auto reach = reaches_.begin(); reach != reaches_.end() && rungs.size() < limit; ++reach) {
    const Step step = reach->first;
    const Step above = rungs.empty() ? kOpenEnd : rungs.back() == kOpenEnd ? end() : rungs.back();
    if (rungs.empty() || step <= above / 3 * 2 + above % 3 * 2 / 3) rungs.push_back(step);
  }
  std::ranges::reverse(rungs);
  return rungs;
}

std::size_t History::came_to(Step step) const {
  std::size_t count = 0;
  for (auto reach = reaches_.begin(); reach != reaches_.end() && reach->first >= step; ++reach) {
    count += reach->second;
  }
  return count;
}

Step History::end() const {
  Step end = 0;
  for (const Past& past : pasts_) {
    if (past.reach == kOpenEnd && !past.curve.empty()) end = std::max(end, past.curve.back().step);
  }
  return end;
}

std::optional<Score> History::score_at(TrialId trial, Step after, Step step) const {
  check(observation(trial).known(), "a trial that was not told");
  const Past& past = pasts_[static_cast<std::size_t>(trial)];
  if (past.reach < step) return std::nullopt;
  const auto next = std::upper_bound(past.curve.begin(), past.curve.end(), step,
                                     [](Step s, const CurvePoint& point) { return s < point.step; });
  if (next == past.curve.begin() || std::prev(next)->step <= after) return std::nullopt;
  return std::prev(next)->score;
}

Observation History::observation(TrialId trial) const {
  return trial >= 0 && trial < size() ? observations_[static_cast<std::size_t>(trial)] : Observation{};
}

std::span<const double> History::encoded(TrialId trial) const {
  check(observation(trial).known(), "a trial that was not told");
  return std::span(encoded_).subspan(static_cast<std::size_t>(trial) * space_.size(), space_.size());
}

}  // namespace coppice
