// Quantiles of the normal distribution, whole and truncated.
#include <gtest/gtest.h>

#include "samplers/normal.hpp"

namespace coppice {
namespace {

TEST(Normal, QuantilesInvertTheDistribution) {
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-20), -9.262340089798408, 1e-12);
  for (double p = 1e-12; p < 1; p = p < 0.01 ? p * 3 : p + 0.013) {
    EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1, 1e-12) << p;
  }
}

TEST(Normal, TruncatedStaysInsideAndHasItsMedian) {
  EXPECT_NEAR(truncated_normal(0.5, 0.2, 0.5), 0.5, 1e-6);
  for (const double middle : {0.0, 0.1, 1.0}) {
    for (const double deviation : {1e-3, 0.1, 1.0}) {
      double last = -1;
      for (double u = 0; u < 1; u += 0.05) {
        const double x = truncated_normal(middle, deviation, u);
        EXPECT_GE(x, 0);
        EXPECT_LE(x, 1);
        EXPECT_GT(x, last) << middle << " " << deviation << " " << u;
        last = x;
      }
    }
  }
}

}  // namespace
}  // namespace coppice
