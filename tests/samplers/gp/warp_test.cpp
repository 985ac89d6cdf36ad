#include "samplers/gp/warp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "coppice/rng.hpp"

namespace coppice::gp {
namespace {

TEST(YeoJohnson, KnownValuesAndNoStepAtTheSpecialPowers) {
  EXPECT_DOUBLE_EQ(yeo_johnson(3, 1), 3);
  EXPECT_DOUBLE_EQ(yeo_johnson(-3, 1), -3);
  EXPECT_DOUBLE_EQ(yeo_johnson(3, 0), std::log(4.0));
  EXPECT_DOUBLE_EQ(yeo_johnson(-3, 2), -std::log(4.0));
  EXPECT_NEAR(yeo_johnson(3, 0.5), 2, 1e-14);
  EXPECT_NEAR(yeo_johnson(-3, 0.5), -(8 - 1) / 1.5, 1e-14);
  EXPECT_NEAR(yeo_johnson(3, 1e-7), yeo_johnson(3, 0), 1e-6);
  EXPECT_NEAR(yeo_johnson(-3, 2 - 1e-7), yeo_johnson(-3, 2), 1e-6);
}

TEST(YeoJohnson, UndoesASkew) {
  Rng rng(1, Purpose::kSimulate, 0);
  Eigen::VectorXd normal(500);
  Eigen::VectorXd skewed(500);
  for (Eigen::Index i = 0; i < 500; ++i) {
    normal[i] = rng.normal();
    skewed[i] = std::exp(normal[i]) - 1;
  }
  EXPECT_NEAR(fit_yeo_johnson(normal), 1, 0.1);
  EXPECT_LT(fit_yeo_johnson(skewed), 0.2);
}

class WarpOf : public testing::TestWithParam<Warp> {};

TEST_P(WarpOf, KeepsTheOrderAndStandardises) {
  Rng rng(2, Purpose::kSimulate, 0);
  std::vector<double> scores;
  for (int i = 0; i < 100; ++i) scores.push_back(100 + std::exp(rng.normal()));
  scores.push_back(scores[7]);  // a tie
  const Eigen::VectorXd warped = warp_scores(scores, GetParam());
  EXPECT_NEAR(warped.mean(), 0, 1e-9);
  EXPECT_NEAR(warped.squaredNorm() / 101, 1, 1e-9);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      const double a = warped[static_cast<Eigen::Index>(i)];
      const double b = warped[static_cast<Eigen::Index>(j)];
      if (scores[i] < scores[j]) {
        ASSERT_LT(a, b);
      }
      if (scores[i] == scores[j]) {
        ASSERT_NEAR(a, b, 1e-12);
      }
    }
  }
}

TEST_P(WarpOf, OneThatDivergedLeavesTheOthersApart) {
  const Eigen::VectorXd warped = warp_scores(std::vector<double>{1, 2, 3, 4, 5, 1e30}, GetParam());
  EXPECT_LT(warped[0], warped[1] - 0.05);
  EXPECT_LT(warped[4], warped[5] - 0.5);
}

TEST_P(WarpOf, SurvivesWhatScoresCanBe) {
  const double big = 1.5e308;
  for (const std::vector<double>& scores : std::vector<std::vector<double>>{{1},
                                                                            {2, 2},
                                                                            {3, 3, 3, 3},
                                                                            {0, 0, 0, 1},
                                                                            {-big, big, 0},
                                                                            {1, 2, 3, big},
                                                                            {1e-320, 2e-320, 5e-320},
                                                                            {1 + 1e-15, 1, 1, 1 - 1e-15}}) {
    const Eigen::VectorXd warped = warp_scores(scores, GetParam());
    EXPECT_TRUE(warped.allFinite()) << scores.front();
    if (std::ranges::count(scores, scores.front()) == std::ssize(scores)) {
      EXPECT_TRUE(warped.isZero());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Warps, WarpOf, testing::Values(Warp::kNone, Warp::kPower));

}  // namespace
}  // namespace coppice::gp
