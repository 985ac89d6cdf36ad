#include "samplers/gp/targets.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/objectives.hpp"

namespace coppice {
namespace {

using gp::targets_of;
using gp::Warp;

TEST(GpTargets, AFailureIsTheWorstAndCountsInNeitherMeanNorVariance) {
  const std::vector<double> scores{kWorst, 1, 3, kWorst, 2, kWorst};
  for (const Warp warp : {Warp::kNone, Warp::kPower}) {
    const auto targets = targets_of(scores, warp);
    ASSERT_TRUE(targets);
    ASSERT_EQ(targets->size(), 6);
    const Eigen::Vector3d finite((*targets)[1], (*targets)[2], (*targets)[4]);
    EXPECT_NEAR(finite.mean(), 0, 1e-12);
    EXPECT_NEAR(finite.squaredNorm() / 3, 1, 1e-12);
    for (const Eigen::Index failed : {0, 3, 5}) EXPECT_EQ((*targets)[failed], (*targets)[2]);
    EXPECT_LT((*targets)[1], (*targets)[4]);
    EXPECT_LT((*targets)[4], (*targets)[2]);
  }
}

TEST(GpTargets, ThereAreNoneWhereNoTwoScoresDiffer) {
  EXPECT_FALSE(targets_of(std::vector<double>{}, Warp::kPower));
  EXPECT_FALSE(targets_of(std::vector<double>{kWorst, 1, kWorst}, Warp::kPower));
  EXPECT_FALSE(targets_of(std::vector<double>{1, kWorst, 1}, Warp::kPower));
}

}  // namespace
}  // namespace coppice
