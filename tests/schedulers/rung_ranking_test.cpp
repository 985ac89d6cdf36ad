#include "schedulers/rung_ranking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "coppice/rng.hpp"

namespace coppice {
namespace {

TEST(RungRanking, NobodyIsPromotedBeforeEtaEntriesAreThere) {
  RungRanking ranking(3);
  ranking.add({0.5, 0}, true);
  ranking.add({0.4, 1}, true);
  EXPECT_FALSE(ranking.best());
  ranking.add({0.6, 2}, true);
  EXPECT_EQ(ranking.take().trial, 1);
  EXPECT_FALSE(ranking.best());
}

TEST(RungRanking, ALaterBetterOneIsPromotedThoughTheBorderIsUsed) {
  RungRanking ranking(3);
  for (TrialId trial = 0; trial < 3; ++trial) ranking.add({0.5, trial}, true);
  EXPECT_EQ(ranking.take().trial, 0) << "ties go to the older trial";
  ranking.add({0.1, 3}, true);
  EXPECT_EQ(ranking.take().trial, 3);
}

TEST(RungRanking, OnePushedOverTheBorderComesBackOnlyIfNotTaken) {
  RungRanking ranking(2);
  ranking.add({0.5, 0}, true);
  ranking.add({0.9, 1}, true);
  EXPECT_EQ(ranking.take().trial, 0);
  ranking.add({0.4, 2}, true);  // of three, one: trial 2 takes the place of trial 0
  EXPECT_EQ(ranking.best()->trial, 2);
  ranking.add({0.8, 3}, true);  // of four, two: trial 0 is back and was taken
  EXPECT_EQ(ranking.take().trial, 2);
  EXPECT_FALSE(ranking.best());
}

TEST(RungRanking, LosersCountButAreNotPromoted) {
  RungRanking ranking(2);
  ranking.add({kWorst, 0}, false);
  ranking.add({0.3, 1}, false);  // nothing more to train
  ranking.add({0.5, 2}, true);
  EXPECT_FALSE(ranking.best()) << "the best of three is trial 1";
  ranking.add({kWorst, 3}, false);
  EXPECT_EQ(ranking.take().trial, 2);
  ranking.add({kWorst, 4}, false);
  ranking.add({kWorst, 5}, false);
  EXPECT_FALSE(ranking.best());
}

/// Against the rule read literally: sort, cut, look for the first.
TEST(RungRanking, AgreesWithASort) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed, Purpose::kSimulate, 0);
    const auto eta = static_cast<std::int64_t>(2 + rng.below(3));
    RungRanking ranking(eta);
    struct Entry {
      Ranked ranked;
      bool open;
    };
    std::vector<Entry> entries;
    for (TrialId trial = 0; trial < 120; ++trial) {
      const bool eligible = rng.below(5) != 0;
      const Ranked ranked{static_cast<double>(rng.below(20)), trial};
      ranking.add(ranked, eligible);
      entries.push_back({ranked, eligible});
      std::sort(entries.begin(), entries.end(),
                [](const Entry& a, const Entry& b) { return a.ranked < b.ranked; });
      const auto top = std::ssize(entries) / eta;
      ASSERT_EQ(ranking.promotable(), top);
      for (int take = 0; take < 2; ++take) {
        const auto found =
            std::find_if(entries.begin(), entries.begin() + top, [](const Entry& e) { return e.open; });
        ASSERT_EQ(ranking.best().has_value(), found != entries.begin() + top) << "seed " << seed;
        if (!ranking.best()) break;
        ASSERT_EQ(*ranking.best(), found->ranked) << "seed " << seed;
        if (rng.below(2) == 0) break;
        ranking.take();
        found->open = false;
      }
    }
  }
}

TEST(RungRanking, WhatIsPutBackCompetesWithItsNewScore) {
  RungRanking ranking(2);
  for (TrialId trial = 0; trial < 4; ++trial) ranking.add({0.1 * static_cast<double>(trial), trial}, true);
  const Ranked taken = ranking.take();
  EXPECT_EQ(taken.trial, 0);
  EXPECT_EQ(ranking.best()->trial, 1);
  ranking.put_back(taken, 0.25, true);
  EXPECT_EQ(ranking.size(), 4);
  EXPECT_EQ(ranking.take().trial, 1);
  EXPECT_EQ(ranking.take().trial, 2) << "0.2 is before 0.25 now";
  EXPECT_FALSE(ranking.best());
  ranking.add({0.5, 4}, true);
  ranking.add({0.6, 5}, true);
  EXPECT_EQ(ranking.take(), (Ranked{0.25, 0}));
  ranking.put_back({0.25, 0}, kWorst, false);
  EXPECT_EQ(ranking.take().trial, 3) << "one that is out of the running leaves its place";
  EXPECT_FALSE(ranking.best());
}

}  // namespace
}  // namespace coppice
