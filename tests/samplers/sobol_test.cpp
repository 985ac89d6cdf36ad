#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <vector>

#include "samplers/catalog.hpp"
#include "samplers/sobol_sequence.hpp"
#include "spaces.hpp"

namespace coppice {
namespace {

std::vector<double> point(const SobolSequence& sequence, std::uint64_t index) {
  std::vector<double> to(sequence.dimensions());
  sequence.point(index, to);
  return to;
}

TEST(SobolSequence, BeginsAsPublished) {
  const SobolSequence sequence(5);
  const std::vector<std::vector<double>> first = {
      {0, 0, 0, 0, 0},
      {.5, .5, .5, .5, .5},
      {.75, .25, .25, .25, .75},
      {.25, .75, .75, .75, .25},
      {.375, .375, .625, .875, .375},
      {.875, .875, .125, .375, .875},
      {.625, .125, .875, .625, .625},
      {.125, .625, .375, .125, .125},
  };
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(point(sequence, i), first[i]) << i;
}

/// The first 2^m points have one in each interval [k, k + 1) / 2^m of every coordinate.
void expect_stratified(const SobolSequence& sequence, unsigned m) {
  const std::uint64_t count = std::uint64_t{1} << m;
  std::vector<std::set<std::uint64_t>> seen(sequence.dimensions());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::vector<double> at = point(sequence, i);
    for (std::size_t d = 0; d < at.size(); ++d) {
      seen[d].insert(static_cast<std::uint64_t>(at[d] * static_cast<double>(count)));
    }
  }
  for (std::size_t d = 0; d < seen.size(); ++d) EXPECT_EQ(seen[d].size(), count) << d;
}

TEST(SobolSequence, EveryDimensionIsStratifiedScrambledOrNot) {
  expect_stratified(SobolSequence(SobolSequence::kDimensions), 8);
  expect_stratified(SobolSequence(SobolSequence::kDimensions, 7, 1), 8);
}

TEST(SobolSequence, PairsOfTheFirstDimensionsAreANet) {
  // (0, m, 2)-net: one point in each of the 2^m boxes of 2^a x 2^(m - a).
  const SobolSequence sequence(2, 11, 0);
  for (unsigned a = 0; a <= 6; ++a) {
    std::set<std::pair<int, int>> boxes;
    for (std::uint64_t i = 0; i < 64; ++i) {
      const std::vector<double> at = point(sequence, i);
      boxes.emplace(static_cast<int>(at[0] * (1u << a)), static_cast<int>(at[1] * (1u << (6 - a))));
    }
    EXPECT_EQ(boxes.size(), 64u) << a;
  }
}

TEST(SobolSequence, AMillionPointsDifferAndNoneIsAtAnEnd) {
  const SobolSequence sequence(50, 3, 0);
  std::vector<double> sums(50);
  std::set<double> first;
  std::vector<double> at(50);
  constexpr std::uint64_t kCount = 1'000'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    sequence.point(i, at);
    for (std::size_t d = 0; d < at.size(); ++d) {
      ASSERT_TRUE(at[d] > 0 && at[d] < 1);
      sums[d] += at[d];
    }
    if (i < 100'000) first.insert(at[0]);
  }
  EXPECT_EQ(first.size(), 100'000u);
  for (const double sum : sums) EXPECT_NEAR(sum / kCount, 0.5, 1e-4);
}

TEST(SobolSequence, SeedAndStreamScrambleDifferently) {
  const auto first = point(SobolSequence(3, 1, 0), 5);
  EXPECT_EQ(point(SobolSequence(3, 1, 0), 5), first);
  EXPECT_NE(point(SobolSequence(3, 2, 0), 5), first);
  EXPECT_NE(point(SobolSequence(3, 1, 1), 5), first);
}

TEST(Sobol, TheTrialsNumberIsThePoints) {
  const SearchSpace space = spaces::cube(3);
  const auto sampler = make_sampler("sobol", {}, space, 9);
  const SobolSequence sequence(3, 9, 0);
  for (const TrialId trial : {7, 0, 1'000'000}) {
    const Proposal proposal = sampler->ask({trial, nullptr});
    const std::vector<double> expected = point(sequence, static_cast<std::uint64_t>(trial));
    for (std::size_t d = 0; d < 3; ++d) EXPECT_EQ(std::get<double>(proposal.params[d]), expected[d]);
  }
}

TEST(Sobol, RerunsTakeNoPoint) {
  const auto sampler = make_sampler("sobol", {}, spaces::cube(3), 9);
  const auto without = make_sampler("sobol", {}, spaces::cube(3), 9);
  for (const TrialId id : {6, 3}) {
    Trial rerun;
    rerun.id = id;
    rerun.origin = Origin{0, 0};
    sampler->tell(rerun);
    sampler->tell(rerun);
  }
  EXPECT_EQ(sampler->ask({2, nullptr}).params, without->ask({2, nullptr}).params);
  EXPECT_EQ(sampler->ask({4, nullptr}).params, without->ask({3, nullptr}).params);
  EXPECT_EQ(sampler->ask({7, nullptr}).params, without->ask({5, nullptr}).params);
}

TEST(Sobol, RefusesMoreParametersThanItHasDimensions) {
  const SamplerInfo* info = find_sampler("sobol");
  EXPECT_EQ(info->check({}, spaces::cube(256)), "");
  EXPECT_EQ(info->check({}, spaces::cube(257)),
            "sobol has 256 dimensions and the space has 257 parameters; use random");
}

}  // namespace
}  // namespace coppice
