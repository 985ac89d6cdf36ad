#include "samplers/cmaes/constants.hpp"

#include <gtest/gtest.h>

namespace coppice::cmaes {
namespace {

struct Row {
  int dimension;
  int population;
  double mu_eff;
  double c_1;
  double c_mu;
  double c_sigma;
  double d_sigma;
  double c_c;
  double chi;
  double first;
  double last;
};

/// As another implementation has them (package cmaes 0.13), to the digits that it was asked for.
TEST(CmaesConstants, AreTheKnownOnes) {
  const Row rows[] = {
      {2, 6, 2.028611, .154815, .057859, .446205, 1.446205, .624555, 1.254273, .637043, -1.155982},
      {5, 8, 2.600179, .047292, .038169, .365088, 1.365088, .450200, 2.128524, .529930, -.913498},
      {10, 10, 3.167299, .015284, .020154, .284429, 1.284429, .294990, 3.084727, .456273, -.586222},
      {20, 12, 3.729459, .004372, .008191, .199428, 1.199428, .171767, 4.416767, .402403, -.431924},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(default_population(row.dimension), row.population);
    const Constants c = make_constants(row.dimension, row.population);
    constexpr double kDigits = 6e-7;
    EXPECT_NEAR(c.mu_eff, row.mu_eff, kDigits);
    EXPECT_NEAR(c.c_1, row.c_1, kDigits);
    EXPECT_NEAR(c.c_mu, row.c_mu, kDigits);
    EXPECT_NEAR(c.c_sigma, row.c_sigma, kDigits);
    EXPECT_NEAR(c.d_sigma, row.d_sigma, kDigits);
    EXPECT_NEAR(c.c_c, row.c_c, kDigits);
    EXPECT_NEAR(c.chi, row.chi, kDigits);
    EXPECT_NEAR(c.weights[0], row.first, kDigits);
    EXPECT_NEAR(c.weights[row.population - 1], row.last, kDigits);
    EXPECT_NEAR(c.weights.head(c.parents).sum(), 1, 1e-12);
  }
}

}  // namespace
}  // namespace coppice::cmaes
