#include "samplers/gp/expected_improvement.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace coppice::gp {

namespace {

constexpr double kHalfLog2Pi = 0.91893853320467274178;
const double kSqrtHalfPi = std::sqrt(std::numbers::pi / 2);

/// Below it the asymptotic series: its next term, 105 / z^6, is lost in rounding here.
constexpr double kFar = -1e3;

double density(double z) {
  return std::exp(-z * z / 2 - kHalfLog2Pi);
}

double cdf(double z) {
  return std::erfc(-z / std::numbers::sqrt2) / 2;
}

/// log of h(z) / phi(z), z <= -1.
double log_h_over_density(double z) {
  if (z < kFar) {
    const double inverse = 1 / (z * z);
    return std::log(inverse) + std::log1p((-3 + 15 * inverse) * inverse);
  }
  return std::log1p(kSqrtHalfPi * z * scaled_erfc(-z / std::numbers::sqrt2));
}

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
  double sum = 0;
  for (std::size_t i = N; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

}  // namespace

double scaled_erfc(double x) {
  if (x < 10) return std::exp(x * x) * std::erfc(x);
  // The asymptotic series 1 / (x sqrt(pi)) sum_k (-1)^k (2k - 1)!! / (2 x^2)^k; at 10 the terms fall until
  // the hundredth, and the fourteenth is 1e-18.
  const double inverse = 1 / (2 * x * x);
  double term = 1;
  double sum = 1;
  for (int k = 1; k <= 14; ++k) {
    term *= -(2 * k - 1) * inverse;
    sum += term;
  }
  return sum / (x * std::sqrt(std::numbers::pi));
}

double log_h(double z) {
  if (z > -1) return std::log(density(z) + z * cdf(z));
  return -z * z / 2 - kHalfLog2Pi + log_h_over_density(z);
}

double log_h_slope(double z) {
  if (z > -1) return cdf(z) / (density(z) + z * cdf(z));
  const double log_cdf_over_density = std::log(kSqrtHalfPi * scaled_erfc(-z / std::numbers::sqrt2));
  return std::exp(log_cdf_over_density - log_h_over_density(z));
}

double log_normal_cdf(double z) {
  if (z > -1) return std::log(cdf(z));
  return -z * z / 2 + std::log(scaled_erfc(-z / std::numbers::sqrt2) / 2);
}

double log_normal_cdf_slope(double z) {
  if (z > -1) return density(z) / cdf(z);
  return 1 / (kSqrtHalfPi * scaled_erfc(-z / std::numbers::sqrt2));
}

double normal_quantile(double p) {
  constexpr std::array kA = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                             1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                             3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr std::array kB = {1.0,
                             4.2313330701600911252e+1,
                             6.8718700749205790830e+2,
                             5.3941960214247511077e+3,
                             2.1213794301586595867e+4,
                             3.9307895800092710610e+4,
                             2.8729085735721942674e+4,
                             5.2264952788528545610e+3};
  constexpr std::array kC = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                             3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                             2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array kD = {1.0,
                             2.05319162663775882187e0,
                             1.67638483018380384940e0,
                             6.89767334985100004550e-1,
                             1.48103976427480074590e-1,
                             1.51986665636164571966e-2,
                             5.47593808499534494600e-4,
                             1.05075007164441684324e-9};
  constexpr std::array kE = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                             2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                             2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array kF = {1.0,
                             5.99832206555887937690e-1,
                             1.36929880922735805310e-1,
                             1.48753612908506148525e-2,
                             7.86869131145613259100e-4,
                             1.84631831751005468180e-5,
                             1.42151175831644588870e-7,
                             2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double z = r <= 5 ? polynomial(kC, r - 1.6) / polynomial(kD, r - 1.6)
                          : polynomial(kE, r - 5) / polynomial(kF, r - 5);
  return q < 0 ? -z : z;
}

AcquisitionValue acquire(Acquisition acquisition, double mean, double sigma, double threshold, double kappa) {
  if (acquisition == Acquisition::kConfidenceBound) return {kappa * sigma - mean, -1, kappa};
  const double z = (threshold - mean) / sigma;
  if (acquisition == Acquisition::kProbabilityOfImprovement) {
    const double slope = log_normal_cdf_slope(z);
    return {log_normal_cdf(z), -slope / sigma, -slope * z / sigma};
  }
  const double slope = log_h_slope(z);
  return {std::log(sigma) + log_h(z), -slope / sigma, (1 - z * slope) / sigma};
}

}  // namespace coppice::gp
