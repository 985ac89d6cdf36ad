#include "samplers/gp/box_minimiser.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <vector>

namespace coppice::gp {

namespace {

using Eigen::VectorXd;

constexpr std::size_t kMemory = 10;
constexpr double kSufficientDecrease = 1e-4;
constexpr int kMaxBacktracks = 20;

struct Pair {
  VectorXd move;
  VectorXd change;  ///< of the gradient
  double curvature;
};

VectorXd clip(const VectorXd& x, const VectorXd& low, const VectorXd& high) {
  return x.cwiseMax(low).cwiseMin(high);
}

/// 1 where a coordinate may move downhill, 0 where a bound holds it.
VectorXd free_coordinates(const VectorXd& x, const VectorXd& gradient, const VectorXd& low,
                          const VectorXd& high) {
  VectorXd free(x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const bool held = (x[i] <= low[i] && gradient[i] > 0) || (x[i] >= high[i] && gradient[i] < 0);
    free[i] = held ? 0 : 1;
  }
  return free;
}

/// The two-loop recursion.
VectorXd quasi_newton_direction(const std::deque<Pair>& pairs, const VectorXd& gradient) {
  VectorXd q = gradient;
  std::vector<double> weights(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    weights[i] = pairs[i].move.dot(q) / pairs[i].curvature;
    q -= weights[i] * pairs[i].change;
  }
  if (!pairs.empty()) q *= pairs.back().curvature / pairs.back().change.squaredNorm();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    q += (weights[i] - pairs[i].change.dot(q) / pairs[i].curvature) * pairs[i].move;
  }
  return -q;
}

}  // namespace

BoxMinimum minimise_in_box(const Objective& objective, const VectorXd& start, const VectorXd& low,
                           const VectorXd& high, const BoxMinimiserOptions& options) {
  BoxMinimum best{clip(start, low, high), 0, 1};
  VectorXd gradient(start.size());
  best.value = objective(best.x, gradient);
  if (!std::isfinite(best.value) || !gradient.allFinite()) return best;

  std::deque<Pair> pairs;
  VectorXd next_gradient(start.size());
  double first_step = options.first_step;
  while (best.evaluations < options.max_evaluations) {
    const VectorXd free = free_coordinates(best.x, gradient, low, high);
    const VectorXd downhill = gradient.cwiseProduct(free);
    if (!(downhill.cwiseAbs().maxCoeff() > options.gradient_tolerance)) break;
    VectorXd direction = quasi_newton_direction(pairs, downhill).cwiseProduct(free);
    if (!(direction.dot(gradient) < 0) || !direction.allFinite()) {
      pairs.clear();
      direction = -downhill;
    }
    if (pairs.empty()) direction *= first_step / direction.cwiseAbs().maxCoeff();

    double step = 1;
    VectorXd next;
    double next_value = 0;
    bool accepted = false;
    for (int i = 0; i < kMaxBacktracks && best.evaluations < options.max_evaluations && !accepted; ++i) {
      next = clip(best.x + step * direction, low, high);
      next_value = objective(next, next_gradient);
      ++best.evaluations;
      const double slope = gradient.dot(next - best.x);
      accepted = std::isfinite(next_value) && next_gradient.allFinite() &&
                 next_value <= best.value + kSufficientDecrease * slope;
      if (!accepted) {
        // The minimum of the parabola through both values and the slope, kept within a safe part.
        const double rise = next_value - best.value - slope;
        const double factor = std::isfinite(rise) && rise > 0 ? -slope / (2 * rise) : 0.25;
        step *= std::clamp(factor, 0.1, 0.5);
      }
    }
    if (!accepted) {
      if (pairs.empty()) break;
      pairs.clear();  // the model of the curvature was bad: once more, along the gradient
      first_step = std::max(step * direction.cwiseAbs().maxCoeff(), 1e-8);
      continue;
    }
    Pair pair{next - best.x, next_gradient - gradient, 0};
    pair.curvature = pair.move.dot(pair.change);
    const double decrease = best.value - next_value;
    if (pair.curvature > 1e-10 * pair.move.norm() * pair.change.norm()) {
      pairs.push_back(std::move(pair));
      if (pairs.size() > kMemory) pairs.pop_front();
    } else {
      pairs.clear();  // not convex here: steepest descent, with longer steps while they succeed
      first_step = std::max(2 * step * direction.cwiseAbs().maxCoeff(), 1e-8);
    }
    best.x = next;
    best.value = next_value;
    gradient = next_gradient;
    if (decrease <= options.value_tolerance * (1 + std::abs(best.value))) break;
  }
  return best;
}

}  // namespace coppice::gp
