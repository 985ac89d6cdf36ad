/// Draws from a truncated normal distribution. Pure functions: safe from any thread.
#pragma once

#include "core/normal.hpp"

namespace coppice {

/// Quantile u of the normal distribution with this middle and deviation, truncated to [0, 1], to about 1e-6
/// of u: enough to draw from it. Preconditions: middle in [0, 1], deviation > 0, 0 <= u < 1.
double truncated_normal(double middle, double deviation, double u);

}  // namespace coppice
