#include "coppice/rng.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace coppice {
namespace {

using Block = std::array<std::uint32_t, 4>;

// From kat_vectors of Random123, the reference implementation of Salmon et al.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32_10({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, CounterHoldsDrawStreamTrialAndPurpose) {
  Rng rng(0x1122334455667788u, Purpose::kDonor, 0x0000'0001'0000'0002u, 77);
  const std::uint32_t top = 1u | 3u << 24;
  for (std::uint32_t draw = 0; draw < 3; ++draw) {
    for (const std::uint32_t word : philox4x32_10({draw, 77, 2, top}, {0x55667788, 0x11223344})) {
      EXPECT_EQ(rng(), word);
    }
  }
}

TEST(Rng, EveryPartOfTheNameMatters) {
  const std::set<std::uint64_t> firsts = {
      Rng(1, Purpose::kSample, 1, 1).next_u64(),  Rng(2, Purpose::kSample, 1, 1).next_u64(),
      Rng(1, Purpose::kPerturb, 1, 1).next_u64(), Rng(1, Purpose::kSample, 2, 1).next_u64(),
      Rng(1, Purpose::kSample, 1, 2).next_u64(),  Rng(1, Purpose::kSample, 1).next_u64()};
  EXPECT_EQ(firsts.size(), 6u);
}

TEST(Rng, ACopyGoesOnFromTheSamePosition) {
  Rng a(5, Purpose::kTrain, 9);
  a();
  Rng b = a;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a(), b());
}

TEST(Rng, UniformMoments) {
  Rng rng(7, Purpose::kSample, 0);
  const int n = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.005);  // the seed is fixed; 5 standard errors
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.005);
}

TEST(Rng, NormalMoments) {
  Rng rng(7, Purpose::kSample, 1);
  const int n = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double z = rng.normal();
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / n, 0, 0.016);
  EXPECT_NEAR(squares / n, 1, 0.023);
}

TEST(Rng, BelowIsUniformAndInRange) {
  Rng rng(3, Purpose::kSample, 0);
  std::vector<int> seen(7);
  for (int i = 0; i < 70000; ++i) ++seen[rng.below(7)];
  for (const int count : seen) EXPECT_NEAR(count, 10000, 500);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.below(1), 0u);
  // Just above 2^63 about half of the draws must be rejected: a plain remainder would favour the lower third.
  const std::uint64_t n = (1ull << 63) + (1ull << 62);
  int lower = 0;
  for (int i = 0; i < 30000; ++i) lower += rng.below(n) < n / 3 ? 1 : 0;
  EXPECT_NEAR(lower, 10000, 500);
}

TEST(Rng, HashName) {
  EXPECT_EQ(hash_name(""), 2166136261u);
  EXPECT_EQ(hash_name("a"), 0xe40c292cu);
  EXPECT_EQ(hash_name("foobar"), 0xbf9cf968u);
}

}  // namespace
}  // namespace coppice
