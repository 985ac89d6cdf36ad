// Quantiles of the normal distribution.
#include <gtest/gtest.h>

#include "core/normal.hpp"

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

}  // namespace
}  // namespace coppice
