/// The standard normal distribution. Pure functions: safe from any thread.
#pragma once

namespace coppice {

/// Phi(x), the standard normal distribution function.
double normal_cdf(double x);
/// The x with Phi(x) = p, relative error about 1e-16. Wichura, "Algorithm AS 241: The percentage points of
/// the normal distribution", Applied Statistics 37 (1988), PPND16. Precondition: 0 < p < 1.
double normal_quantile(double p);

}  // namespace coppice
