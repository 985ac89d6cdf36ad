#include "samplers/gp/expected_improvement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

namespace coppice::gp {
namespace {

TEST(LogH, ValuesOfSixtyDigitArithmetic) {
  const std::vector<std::pair<double, double>> values = {
      {5, 1.60943792312643},      {1, 0.0800262188493069},  {0, -0.918938533204673},
      {-1, -2.48512102571264},    {-5, -16.744301162661},   {-10, -55.5531220361224},
      {-25, -319.861463581496},   {-40, -808.29856835662},  {-100, -5010.12957880025},
      {-1000, -500014.734452091}, {-1e6, -500000000028.55},
  };
  for (const auto& [z, expected] : values) {
    EXPECT_NEAR(log_h(z), expected, 2e-14 * std::abs(expected) + 1e-12 * std::abs(expected)) << z;
  }
}

TEST(LogH, NeitherBranchNorTailHasAStep) {
  for (const double z : {-1.0, -10 * std::sqrt(2.0), -1e3}) {
    const double below = std::nextafter(z, -HUGE_VAL);
    EXPECT_NEAR(log_h(below) / log_h(z), 1, 1e-13) << z;
    EXPECT_NEAR(log_h_slope(below) / log_h_slope(z), 1, 1e-7) << z;
  }
  EXPECT_TRUE(std::isfinite(log_h(-1e150)));
  EXPECT_NEAR(log_h_slope(-1e8) / 1e8, 1, 1e-12);
}

TEST(LogH, SlopeIsTheDerivative) {
  for (const double z : {4.0, 0.3, -0.9, -1.1, -3.0, -12.0, -30.0, -300.0}) {
    const double step = 1e-5 * std::max(1.0, std::abs(z));
    const double numeric = (log_h(z + step) - log_h(z - step)) / (2 * step);
    EXPECT_NEAR(log_h_slope(z) / numeric, 1, 1e-7) << z;
    const double numeric_cdf = (log_normal_cdf(z + step) - log_normal_cdf(z - step)) / (2 * step);
    EXPECT_NEAR(log_normal_cdf_slope(z), numeric_cdf, 1e-7 * (1 + std::abs(numeric_cdf))) << z;
  }
}

TEST(ScaledErfc, KnownValues) {
  // 50 digits, computed from the continued fraction.
  EXPECT_DOUBLE_EQ(scaled_erfc(0), 1);
  EXPECT_NEAR(scaled_erfc(1), 0.42758357615580700, 1e-15);
  EXPECT_NEAR(scaled_erfc(5), 0.11070463773306863, 1e-15);
  EXPECT_NEAR(scaled_erfc(10) / 0.056140992743822585, 1, 1e-14);
  EXPECT_NEAR(scaled_erfc(std::nextafter(10, 0)) / scaled_erfc(10), 1, 1e-13);
  EXPECT_NEAR(scaled_erfc(1e8) * 1e8 * std::sqrt(M_PI), 1, 1e-15);
}

TEST(NormalQuantile, InvertsTheDistribution) {
  for (const double p : {1e-300, 1e-20, 1e-5, 0.02, 0.0749, 0.0751, 0.3, 0.5, 0.77, 0.999}) {
    EXPECT_NEAR(std::erfc(-normal_quantile(p) / std::sqrt(2.0)) / 2 / p, 1, 2e-13) << p;
  }
  EXPECT_DOUBLE_EQ(normal_quantile(0.25), -normal_quantile(0.75));
  EXPECT_NEAR(normal_quantile(0.975), 1.9599639845400545, 1e-15);
}

TEST(Acquire, DerivativesByMeanAndSigma) {
  for (const auto acquisition : {Acquisition::kExpectedImprovement, Acquisition::kConfidenceBound,
                                 Acquisition::kProbabilityOfImprovement}) {
    for (const double mean : {-0.5, 0.2, 3.0, 40.0}) {
      const double sigma = 0.7;
      const AcquisitionValue at = acquire(acquisition, mean, sigma, 0.1, 1.8);
      const double h = 1e-6;
      const auto value = [&](double m, double s) { return acquire(acquisition, m, s, 0.1, 1.8).value; };
      const double by_mean = (value(mean + h, sigma) - value(mean - h, sigma)) / (2 * h);
      const double by_sigma = (value(mean, sigma + h) - value(mean, sigma - h)) / (2 * h);
      EXPECT_NEAR(at.by_mean, by_mean, 1e-6 * (1 + std::abs(by_mean))) << mean;
      EXPECT_NEAR(at.by_sigma, by_sigma, 1e-6 * (1 + std::abs(by_sigma))) << mean;
      EXPECT_LT(at.by_mean, 0) << "a lower mean is better";
    }
  }
}

}  // namespace
}  // namespace coppice::gp
