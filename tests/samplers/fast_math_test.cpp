// How near the fast functions come to the exact ones.
#include <gtest/gtest.h>

#include <cmath>

#include "samplers/fast_math.hpp"

namespace coppice {
namespace {

TEST(FastMath, KeepsItsBounds) {
  for (double x = -87; x <= 0; x += 0.00731) {
    const auto at = static_cast<float>(x);
    const double exact = std::exp(static_cast<double>(at));
    // 3e-7 of the series, and the rounding of x log2(e).
    EXPECT_NEAR(fast::exp(at) / exact, 1, 6e-7 + 1e-7 * std::abs(x)) << x;
  }
  EXPECT_GT(fast::exp(-1e30F), 0);
  EXPECT_LT(fast::exp(-1e30F), 1e-37F);
  for (double x = 1e-30; x < 1e30; x *= 1.37) {
    const auto at = static_cast<float>(x);
    EXPECT_NEAR(fast::log(at), std::log(static_cast<double>(at)), 1e-6 + 1e-7 * std::abs(std::log(x)));
  }
  for (double x = 0; x < 8; x += 0.0137) {
    EXPECT_NEAR(fast::erf(static_cast<float>(x)), std::erf(x), 1e-6) << x;
  }
}

}  // namespace
}  // namespace coppice
