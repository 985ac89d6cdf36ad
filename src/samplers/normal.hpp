/// The normal distribution's quantiles. Pure functions: safe from any thread.
#pragma once

namespace coppice {

/// Phi(x), the standard normal distribution function.
double normal_cdf(double x);
/// The x with Phi(x) = p, relative error about 1e-16. Wichura, "Algorithm AS 241: The percentage points of
/// the normal distribution", Applied Statistics 37 (1988), PPND16. Precondition: 0 < p < 1.
double normal_quantile(double p);
/// Quantile u of the normal distribution with this middle and deviation, truncated to [0, 1], to about 1e-6
/// of u: enough to draw from it. Preconditions: middle in [0, 1], deviation > 0, 0 <= u < 1.
double truncated_normal(double middle, double deviation, double u);

}  // namespace coppice
