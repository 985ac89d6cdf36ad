#include "samplers/gp/maximise.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "coppice/rng.hpp"
#include "samplers/gp/box_minimiser.hpp"
#include "samplers/sobol_sequence.hpp"

namespace coppice::gp {

namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::int64_t kSpread = 512;
constexpr int kNeighbours = 48;  ///< of each anchor
constexpr std::size_t kBestStarts = 3;
constexpr std::size_t kDrawnStarts = 3;
constexpr int kRounds = 10;  ///< of climbing and sweeping
constexpr int kClimbEvaluations = 60;
constexpr std::int64_t kSweepAll = 16;  ///< cells that are all tried in a sweep

bool is_taken(const Coordinates& coordinates, const MaximiseRequest& request, const Point& point) {
  return request.taken != nullptr && request.taken->contains(coordinates.key(point));
}

bool is_pinned(const MaximiseRequest& request, std::size_t axis) {
  return axis < request.pinned.size() && request.pinned[axis];
}

void pin(const MaximiseRequest& request, Point& point) {
  for (std::size_t i = 0; i < request.pinned.size(); ++i) point[i] = request.pinned[i].value_or(point[i]);
}

/// Every point of a finite space, in mixed radix.
std::vector<Point> all_points(const Coordinates& coordinates, std::int64_t count) {
  std::vector<Point> points;
  for (std::int64_t n = 0; n < count; ++n) {
    Point point(coordinates.size());
    std::int64_t rest = n;
    for (std::size_t i = 0; i < point.size(); ++i) {
      point[i] = coordinates.middle_of(i, rest % coordinates.cells(i));
      rest /= coordinates.cells(i);
    }
    points.push_back(std::move(point));
  }
  return points;
}

std::vector<Point> spread_points(const Coordinates& coordinates, std::uint64_t seed, std::uint64_t stream) {
  const std::size_t dimensions = std::min(coordinates.size(), SobolSequence::kDimensions);
  const SobolSequence sequence(dimensions, seed, stream);
  Rng rng(seed, Purpose::kSample, stream, hash_name("gp spread"));
  std::vector<Point> points;
  for (std::int64_t n = 0; n < kSpread; ++n) {
    Point point(coordinates.size());
    sequence.point(static_cast<std::uint64_t>(n), std::span(point).first(dimensions));
    for (std::size_t i = dimensions; i < point.size(); ++i) point[i] = rng.uniform();
    coordinates.snap(point);
    points.push_back(std::move(point));
  }
  return points;
}

/// A few coordinates moved, each by a length that differs over orders of magnitude.
Point neighbour(const Coordinates& coordinates, const Point& anchor, Rng& rng) {
  Point point = anchor;
  const std::size_t d = point.size();
  const double share = std::max(1.0, std::min(static_cast<double>(d), 4.0)) / static_cast<double>(d);
  const bool all = rng.uniform() < 0.5;
  const std::size_t always = rng.below(d);
  const double scale = std::pow(10.0, -3 * rng.uniform()) * 0.3;
  for (std::size_t i = 0; i < d; ++i) {
    if (!(i == always || all || rng.uniform() < share)) continue;
    if (!coordinates.ordered(i)) {
      if (i == always || rng.uniform() < share) {
        point[i] = coordinates.middle_of(
            i, static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(coordinates.cells(i)))));
      }
      continue;
    }
    double move = scale * rng.normal();
    if (coordinates.cells(i) > 0) {
      const double cell = 1 / static_cast<double>(coordinates.cells(i));
      if (std::abs(move) < cell) move = i == always ? std::copysign(cell, move) : move;
    }
    double u = point[i] + move;
    if (u < 0) u = std::min(-u, 1.0);
    if (u > 1) u = std::max(2 - u, 0.0);
    point[i] = u;
  }
  coordinates.snap(point);
  return point;
}

/// An even spread, or all there are where they are few, and neighbours of the anchors; none that is taken.
std::vector<Point> candidates(const Coordinates& coordinates, const MaximiseRequest& request) {
  std::vector<Point> points;
  if (const auto count = coordinates.count(2 * kSpread)) {
    points = all_points(coordinates, *count);
  } else {
    points = spread_points(coordinates, request.seed, request.stream);
    Rng rng(request.seed, Purpose::kSample, request.stream, hash_name("gp neighbours"));
    for (const Point& anchor : request.anchors) {
      for (int i = 0; i < kNeighbours; ++i) points.push_back(neighbour(coordinates, anchor, rng));
    }
  }
  for (Point& point : points) pin(request, point);
  std::erase_if(points, [&](const Point& point) { return is_taken(coordinates, request, point); });
  return points;
}

class Climber {
 public:
  Climber(const Posterior& posterior, const Coordinates& coordinates, const MaximiseRequest& request)
      : posterior_(posterior), coordinates_(coordinates), request_(request) {}

  Maximum climb(Maximum from) const {
    for (int round = 0; round < kRounds; ++round) {
      climb_smooth(from);
      if (!sweep(from)) break;
    }
    return from;
  }

 private:
  double value_at(const Point& point) const {
    return posterior_.acquire(coordinates_.features(std::span(&point, 1)), request_.acquisition,
                              request_.kappa)[0];
  }

  void climb_smooth(Maximum& at) const {
    const std::vector<bool> on = coordinates_.active(at.point);
    std::vector<std::size_t> axes;
    for (std::size_t i = 0; i < coordinates_.size(); ++i) {
      if (on[i] && coordinates_.smooth(i) && !is_pinned(request_, i)) axes.push_back(i);
    }
    if (axes.empty()) return;
    const auto count = static_cast<Index>(axes.size());
    VectorXd start(count);
    VectorXd high(count);
    VectorXd features = coordinates_.features(std::span(&at.point, 1)).col(0);
    const auto feature = [&](Index i) { return coordinates_.feature(axes[static_cast<std::size_t>(i)]); };
    for (Index i = 0; i < count; ++i) {
      high[i] = posterior_.inverse_lengths()[feature(i)];
      start[i] = at.point[axes[static_cast<std::size_t>(i)]] * high[i];
    }
    VectorXd by_feature;
    const Objective objective = [&](const VectorXd& x, VectorXd& gradient) {
      for (Index i = 0; i < count; ++i) features[feature(i)] = x[i] / high[i] - 0.5;
      const double value =
          posterior_.acquire_with_gradient(features, request_.acquisition, request_.kappa, by_feature);
      for (Index i = 0; i < count; ++i) gradient[i] = -by_feature[feature(i)];
      return -value;
    };
    const BoxMinimum found =
        minimise_in_box(objective, start, VectorXd::Zero(count), high, {kClimbEvaluations, 1e-4, 1e-9, 0.1});
    Maximum next{at.point, -found.value};
    bool grid = false;
    for (Index i = 0; i < count; ++i) {
      const std::size_t axis = axes[static_cast<std::size_t>(i)];
      next.point[axis] = std::clamp(found.x[i] / high[i], 0.0, 1.0);
      grid = grid || coordinates_.cells(axis) > 0;
    }
    if (grid) {
      coordinates_.snap(next.point);
      next.value = value_at(next.point);
    }
    if (next.value > at.value && !is_taken(coordinates_, request_, next.point)) at = std::move(next);
  }

  /// Cells to try instead of `cell`: all, or neighbours at distances that double.
  std::vector<std::int64_t> other_cells(std::size_t axis, std::int64_t cell) const {
    const std::int64_t count = coordinates_.cells(axis);
    std::vector<std::int64_t> cells;
    if (count <= kSweepAll) {
      for (std::int64_t other = 0; other < count; ++other) {
        if (other != cell) cells.push_back(other);
      }
      return cells;
    }
    for (std::int64_t by = 1; by < count; by *= 2) {
      if (cell >= by) cells.push_back(cell - by);
      if (cell + by < count) cells.push_back(cell + by);
    }
    return cells;
  }

  /// Whether a cell was better.
  bool sweep(Maximum& at) const {
    bool improved = false;
    for (std::size_t i = 0; i < coordinates_.size(); ++i) {
      if (coordinates_.cells(i) < 2 || is_pinned(request_, i) || !coordinates_.active(at.point)[i]) continue;
      std::vector<Point> others;
      for (const std::int64_t cell : other_cells(i, coordinates_.cell_of(i, at.point[i]))) {
        Point other = at.point;
        other[i] = coordinates_.middle_of(i, cell);
        if (!is_taken(coordinates_, request_, other)) others.push_back(std::move(other));
      }
      if (others.empty()) continue;
      const VectorXd values =
          posterior_.acquire(coordinates_.features(others), request_.acquisition, request_.kappa);
      Index best = 0;
      if (!(values.maxCoeff(&best) > at.value)) continue;
      at = {others[static_cast<std::size_t>(best)], values[best]};
      improved = true;
    }
    return improved;
  }

  const Posterior& posterior_;
  const Coordinates& coordinates_;
  const MaximiseRequest& request_;
};

/// The best candidates, and some drawn in proportion to exp(acquisition): where it is a logarithm, to the
/// acquisition.
std::vector<Maximum> choose_starts(const std::vector<Point>& points, const VectorXd& values,
                                   const MaximiseRequest& request) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto value = [&](std::size_t i) { return values[static_cast<Index>(i)]; };
  const std::size_t best = std::min(kBestStarts, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(best), order.end(),
      [&](std::size_t a, std::size_t b) { return value(a) > value(b) || (value(a) == value(b) && a < b); });
  std::vector<Maximum> starts;
  for (std::size_t i = 0; i < best; ++i) starts.push_back({points[order[i]], value(order[i])});
  // Gumbel's trick: the largest of value + Gumbel noise are a draw without replacement.
  Rng rng(request.seed, Purpose::kSample, request.stream, hash_name("gp starts"));
  std::vector<std::pair<double, std::size_t>> drawn;
  for (std::size_t i = best; i < order.size(); ++i) {
    drawn.emplace_back(-(value(order[i]) - std::log(-std::log((rng.uniform() + 0x1p-54)))), order[i]);
  }
  const std::size_t more = std::min(kDrawnStarts, drawn.size());
  std::partial_sort(drawn.begin(), drawn.begin() + static_cast<std::ptrdiff_t>(more), drawn.end());
  for (std::size_t i = 0; i < more; ++i) starts.push_back({points[drawn[i].second], value(drawn[i].second)});
  return starts;
}

}  // namespace

std::optional<Maximum> maximise(const Posterior& posterior, const Coordinates& coordinates,
                                const MaximiseRequest& request) {
  const std::vector<Point> points = candidates(coordinates, request);
  if (points.empty()) return std::nullopt;
  const VectorXd values = posterior.acquire(coordinates.features(points), request.acquisition, request.kappa);
  const Climber climber(posterior, coordinates, request);
  std::optional<Maximum> best;
  for (Maximum& start : choose_starts(points, values, request)) {
    Maximum found = climber.climb(std::move(start));
    if (!best || found.value > best->value) best = std::move(found);
  }
  return best;
}

std::optional<Point> draw_minimum(const Posterior& posterior, const Coordinates& coordinates,
                                  const MaximiseRequest& request) {
  std::vector<Point> points = candidates(coordinates, request);
  if (points.empty()) return std::nullopt;
  Rng rng(request.seed, Purpose::kSample, request.stream, hash_name("gp thompson"));
  VectorXd normal(static_cast<Index>(points.size()));
  for (double& x : normal) x = rng.normal();
  const auto sample = posterior.sample(coordinates.features(points), normal);
  if (!sample) return std::nullopt;
  Index lowest = 0;
  sample->minCoeff(&lowest);
  return std::move(points[static_cast<std::size_t>(lowest)]);
}

}  // namespace coppice::gp
