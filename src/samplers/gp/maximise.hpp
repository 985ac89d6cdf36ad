/// Looks for the point with the highest acquisition.
///
/// An even spread of points and points near the best ones are compared; the best of them are climbed. A climb
/// alternates between a quasi-Newton search along the smooth axes, in units of the length scales, and sweeps
/// over the cells of the others, until neither helps. A discrete parameter is always evaluated at values that
/// it has: rounding an optimum between them would propose what was evaluated already.
///
/// A pure function of its arguments; safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "samplers/gp/coordinates.hpp"
#include "samplers/gp/posterior.hpp"

namespace coppice::gp {

struct MaximiseRequest {
  Acquisition acquisition = Acquisition::kExpectedImprovement;
  double kappa = 1.8;
  std::vector<Point> anchors;              ///< the best points so far, best first
  const std::set<Point>* taken = nullptr;  ///< keys of points that may not be proposed; null: any may
  std::uint64_t seed = 0;                  ///< with `stream`: names its random numbers
  std::uint64_t stream = 0;
  std::vector<std::optional<double>> pinned = {};  ///< by axis: its only value, snapped; empty: all are free
};

struct Maximum {
  Point point;
  double value = 0;
};

/// Nothing where every point that was looked at is taken.
std::optional<Maximum> maximise(const Posterior& posterior, const Coordinates& coordinates,
                                const MaximiseRequest& request);

/// Thompson sampling: where one draw of the function from the posterior is lowest, among the points that
/// `maximise` would compare. They are so many that the draw costs more than climbing would gain.
std::optional<Point> draw_minimum(const Posterior& posterior, const Coordinates& coordinates,
                                  const MaximiseRequest& request);

}  // namespace coppice::gp
