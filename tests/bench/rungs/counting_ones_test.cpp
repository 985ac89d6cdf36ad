// BOHB as a whole: the scheduler hyperband, the sampler tpe fed by rungs, in the simulator. The seeds are 0,
// 1, …, not chosen. The bounds are those that an independent implementation met with 12 seeds, and more.
#include "counting_ones.hpp"

#include <gtest/gtest.h>

namespace coppice::bench {
namespace {

std::vector<double> mean(const std::string& method, int each, const std::vector<double>& budgets, int seeds) {
  std::vector<double> means(budgets.size(), 0);
  for (int seed = 0; seed < seeds; ++seed) {
    const auto columns =
        counting_ones(method_of(method, 81), each, budgets, static_cast<std::uint64_t>(seed), false);
    for (std::size_t b = 0; b < budgets.size(); ++b) means[b] += columns[b] / seeds;
  }
  return means;
}

TEST(CountingOnes, BohbIsFarBelowHyperband) {
  const double bohb = mean("bohb", 8, {300}, 4)[0];
  EXPECT_LE(bohb, 0.02);
  EXPECT_GE(mean("hyperband", 8, {300}, 4)[0], 10 * bohb);
}

TEST(CountingOnes, HyperbandIsAsGoodAsItIsElsewhere) {
  const auto found = mean("hyperband", 4, {10, 30, 100}, 10);
  EXPECT_LE(found[0], 1.15 * 0.150);
  EXPECT_LE(found[1], 1.15 * 0.126);
  EXPECT_LE(found[2], 1.15 * 0.097);
}

}  // namespace
}  // namespace coppice::bench
