#include "samplers/tpe/model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace coppice::tpe {

namespace {
/// More good ones than this make the estimator vague.
constexpr std::size_t kMaxGood = 25;
/// Of the results at most this share is good because many trials are behind.
constexpr double kShareWithRungs = 0.25;
/// Kernels of the rest, the newest: bounds the cost of a proposal.
constexpr std::size_t kMaxRest = 10000;
/// The mean weight of good ones, and the weight of their prior: weights are integers.
constexpr std::int64_t kGoodWeight = 1024;
/// Of the rest: of results and the prior, of pending trials, and of those that stand at an earlier step.
constexpr std::int64_t kRestWeight = 4;
constexpr std::int64_t kPendingWeight = 1;
constexpr std::int64_t kBehindWeight = 1;

/// 0: it isn't in the model.
std::int64_t rest_weight(const Observation& observation) {
  switch (observation.kind) {
    case Observation::Kind::kUnknown:
      return 0;
    case Observation::Kind::kPending:
      return kPendingWeight;
    case Observation::Kind::kBehind:
      return kBehindWeight;
    default:
      return kRestWeight;
  }
}
static_assert((kMaxRest + kMaxGood) * kRestWeight < Kernels::kMaxWeight &&
              kMaxGood * (kGoodWeight + 1) < Kernels::kMaxWeight);
}  // namespace

Model::Model(std::vector<Axis> axes, double gamma)
    : axes_(std::move(axes)), gamma_(gamma), near_(axes_, kGoodWeight), rest_(axes_, kRestWeight) {
  points_.axes = axes_.size();
}

void Model::tell(TrialId trial, const Observation& now, std::span<const double> at) {
  const auto slot = static_cast<std::size_t>(trial);
  if (slot >= observations_.size()) {
    observations_.resize(slot + 1);
    points_.values.resize((slot + 1) * axes_.size(), 0);
  }
  const Observation before = std::exchange(observations_[slot], now);
  if (before == now) return;
  if (!before.known()) {
    std::copy(at.begin(), at.end(),
              points_.values.begin() + static_cast<std::ptrdiff_t>(slot * axes_.size()));
    if (trial >= oldest_ && rest_weight(now) > 0) rest_.insert(slot, at, rest_weight(now));
  } else if (rest_weight(before) != rest_weight(now) && trial >= oldest_ && !is_good(trial)) {
    if (rest_.holds(slot)) rest_.erase(slot, at);
    if (rest_weight(now) > 0) rest_.insert(slot, at, rest_weight(now));
  }
  if (before.over()) {
    results_.erase({before.score, trial});
    finite_ -= before.finite() ? 1 : 0;
  }
  if (now.over()) {
    results_.insert({now.score, trial});
    finite_ += now.finite() ? 1 : 0;
  }
  const auto is_behind = [](const Observation& one) { return one.kind == Observation::Kind::kBehind; };
  behind_ += (is_behind(now) ? 1 : 0) - (is_behind(before) ? 1 : 0);
}

void Model::settle() {
  split();
  bound_rest();
  rest_.settle();
}

bool Model::is_good(TrialId trial) const {
  return std::any_of(good_.begin(), good_.end(), [trial](const Ranked& item) { return item.trial == trial; });
}

/// The best share of the results that have a number is good. Where trials are behind, it is that share of all
/// of them: who came as far as scores count was chosen for it.
void Model::split() {
  const auto results = static_cast<double>(finite_);
  const double of_all = gamma_ * (results + static_cast<double>(behind_));
  const double share = std::ceil(std::max(gamma_ * results, std::min(of_all, kShareWithRungs * results)));
  const std::size_t count = std::min(static_cast<std::size_t>(share), kMaxGood);
  std::vector<Ranked> good(results_.begin(), std::next(results_.begin(), static_cast<std::ptrdiff_t>(count)));
  if (good == good_) return;
  std::swap(good, good_);
  for (const auto& [score, trial] : good) {
    const auto slot = static_cast<std::size_t>(trial);
    const std::int64_t weight = rest_weight(observations_[slot]);
    if (trial >= oldest_ && !is_good(trial) && weight > 0) rest_.insert(slot, point(trial), weight);
  }
  for (const auto& [score, trial] : good_) {
    const auto slot = static_cast<std::size_t>(trial);
    if (rest_.holds(slot)) rest_.erase(slot, point(trial));
  }
  fit_good();
}

/// Keeps the newest kMaxRest, whatever came before.
void Model::bound_rest() {
  while (rest_.size() > kMaxRest) {
    const auto slot = static_cast<std::size_t>(oldest_);
    if (rest_.holds(slot)) rest_.erase(slot, point(oldest_));
    ++oldest_;
  }
  while (rest_.size() < kMaxRest && oldest_ > 0) {
    --oldest_;
    const auto slot = static_cast<std::size_t>(oldest_);
    const std::int64_t weight = rest_weight(observations_[slot]);
    if (weight > 0 && !is_good(oldest_)) rest_.insert(slot, point(oldest_), weight);
  }
}

/// The r-th best of k weighs log(k + 1) - log(r), as in CMA-ES.
void Model::fit_good() {
  const auto count = static_cast<double>(good_.size());
  double sum = 0;
  for (std::size_t r = 0; r < good_.size(); ++r) sum += std::log((count + 1) / static_cast<double>(r + 1));
  std::vector<std::size_t> by_age(good_.size());
  std::iota(by_age.begin(), by_age.end(), 0);
  std::sort(by_age.begin(), by_age.end(),
            [this](std::size_t a, std::size_t b) { return good_[a].trial < good_[b].trial; });
  near_.clear();
  for (std::size_t slot = 0; slot < by_age.size(); ++slot) {
    const std::size_t r = by_age[slot];
    const double weight = std::log((count + 1) / static_cast<double>(r + 1)) * count / sum;
    near_.insert(slot, point(good_[r].trial),
                 std::max<std::int64_t>(1, std::llround(weight * static_cast<double>(kGoodWeight))));
  }
  near_.settle();
}

Points Model::propose(Rng& rng, std::size_t count, double spread) const {
  const Points drawn = near_.sample(rng, count, spread);
  std::vector<double> promise(count);
  std::vector<double> rest(count);
  near_.log_density(drawn, promise);
  rest_.log_density(drawn, rest);
  for (std::size_t i = 0; i < count; ++i) promise[i] -= rest[i];
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return promise[a] > promise[b]; });
  Points sorted{axes_.size(), {}};
  for (const std::size_t i : order) {
    const auto one = drawn.point(i);
    sorted.values.insert(sorted.values.end(), one.begin(), one.end());
  }
  return sorted;
}

}  // namespace coppice::tpe
