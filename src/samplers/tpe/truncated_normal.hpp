/// Draws from truncated normal distributions. Pure functions: safe from any thread.
#pragma once

#include <span>

namespace coppice::tpe {

/// Makes of each value u its quantile of the normal distribution with the middle beside it and this
/// deviation, truncated to [0, 1], to about 1e-6 of u: enough to draw from it. Preconditions: as many
/// middles, in [0, 1]; deviation > 0, 0 <= u < 1.
void truncated_normals(std::span<double> values, std::span<const float> middles, double deviation);

}  // namespace coppice::tpe
