// The gate on PBT as a whole: scheduler, explorer, checkpoints at the compared step. The seeds are 0, …, 199,
// not chosen.
#include "pbt_toy.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

TEST(PbtToy, ExploitAndExploreReachTheOptimum) {
  const ToySummary found = summarise_pbt_toy({"PBT", "truncation", "perturb"}, 200);
  EXPECT_GE(found.mean, 1.195);
  EXPECT_GE(found.p5, 1.19);
  EXPECT_LE(found.mean, 1.2);
}

TEST(PbtToy, EitherAloneFallsShort) {
  const ToySummary exploit = summarise_pbt_toy({"exploit only", "truncation", "none"}, 1);
  EXPECT_NEAR(exploit.mean, 1.17, 0.005);
  const ToySummary explore = summarise_pbt_toy({"explore only", "none", "perturb"}, 50);
  EXPECT_NEAR(explore.mean, 1.17, 0.01);
  EXPECT_LT(explore.p5, 1.17);
}

TEST(PbtToy, WithoutBothEachMemberKnowsOneCoordinate) {
  EXPECT_NEAR(summarise_pbt_toy({"neither", "none", "none"}, 1).mean, 0.3897, 5e-5);
}

}  // namespace
}  // namespace coppice
