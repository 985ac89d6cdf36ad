#include "samplers/cmaes/restarts.hpp"

#include <algorithm>
#include <cmath>

namespace coppice::cmaes {

namespace {
/// The population stops to grow at 2^kMaxDoublings times the first.
constexpr int kMaxDoublings = 12;
}  // namespace

Restarts::Restarts(RestartKind kind, int population, double sigma)
    : kind_(kind), first_{population, sigma}, run_(first_) {}

void Restarts::next(std::int64_t evaluations, Rng& rng) {
  ++count_;
  if (kind_ == RestartKind::kNone) return;
  // The first run, with the first population, counts for neither side.
  if (count_ > 1) (small_ ? small_evaluations_ : large_evaluations_) += evaluations;
  small_ = kind_ == RestartKind::kBipop && count_ > 1 && small_evaluations_ < large_evaluations_;
  if (!small_) {
    doublings_ = std::min(doublings_ + 1, kMaxDoublings);
    run_ = {first_.population << doublings_, first_.sigma};
    return;
  }
  const double u = rng.uniform();
  const double ratio = 0.5 * static_cast<double>(1 << doublings_);
  run_.population = static_cast<int>(first_.population * std::pow(ratio, u * u));
  run_.sigma = first_.sigma * std::pow(10.0, -2 * rng.uniform());
}

}  // namespace coppice::cmaes
