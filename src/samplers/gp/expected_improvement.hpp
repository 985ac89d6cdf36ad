/// Acquisition functions of a normal prediction, and the special functions under them. Everything is
/// *minimised* by the study, so an improvement is below the threshold; acquisitions are maximised.
///
/// Pure functions; safe from any thread.
#pragma once

namespace coppice::gp {

/// exp(x^2) erfc(x), x >= 0: relative error below 1e-14 at all sizes, where erfc itself underflows at 27.
double scaled_erfc(double x);

/// The logarithm of h(z) = phi(z) + z Phi(z), the expected improvement in units of the standard deviation,
/// for every finite z: h underflows at -38. S. Ament et al., "Unexpected improvements to expected
/// improvement for Bayesian optimization", NeurIPS 2023, equation 9: three branches. Theirs
/// ends the second at -1 / sqrt(epsilon), where all digits of the slope are lost; here it ends at -1000.
double log_h(double z);
/// h'(z) / h(z) = Phi(z) / h(z).
double log_h_slope(double z);

/// The logarithm of Phi(z), for every finite z, and its slope phi(z) / Phi(z).
double log_normal_cdf(double z);
double log_normal_cdf_slope(double z);

/// Inverse of the standard normal's Phi: M. J. Wichura, algorithm AS 241, PPND16, Applied Statistics 37
/// (1988). Relative error about 1e-16. Precondition: 0 < p < 1.
double normal_quantile(double p);

enum class Acquisition {
  kExpectedImprovement,       ///< its logarithm
  kConfidenceBound,           ///< -(mean - kappa sigma)
  kProbabilityOfImprovement,  ///< its logarithm
};

struct AcquisitionValue {
  double value = 0;
  double by_mean = 0;  ///< derivatives
  double by_sigma = 0;
};

/// Precondition: sigma > 0. The threshold doesn't matter to the confidence bound, kappa to nothing else.
AcquisitionValue acquire(Acquisition acquisition, double mean, double sigma, double threshold, double kappa);

}  // namespace coppice::gp
