#include "samplers/gp/rungs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "coppice/rng.hpp"

namespace coppice::gp {
namespace {

double mean_at(const std::vector<RungScore>& scores, const std::vector<double>& scaled, std::size_t rung) {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].rung != rung) continue;
    sum += scaled[i];
    ++count;
  }
  return sum / count;
}

TEST(OnOneScale, OneRungHasMeanZeroAndVarianceOne) {
  const auto scaled = on_one_scale(std::vector<RungScore>{{0, 0, 1.0}, {1, 0, kWorst}, {2, 0, 3.0}}, 1);
  EXPECT_EQ(scaled, (std::vector<double>{-1, kWorst, 1}));
}

TEST(OnOneScale, TheBestThatWentOnKeepTheirPlaceAmongAll) {
  // Of 300 trials the best third goes on, and the best third of these; half of the spread is left each time.
  Rng rng(1, Purpose::kSimulate, 0);
  std::vector<RungScore> scores;
  std::vector<double> ability;
  for (TrialId id = 0; id < 300; ++id) {
    const double z = rng.normal();
    const auto add = [&](std::size_t rung, double score) {
      scores.push_back({id, rung, score});
      ability.push_back(z);
    };
    add(0, 5 + 2 * z);
    if (z < -0.43) add(1, 3 + z);
    if (z < -1.22) add(2, 1 + 0.5 * z);
  }
  const std::vector<double> scaled = on_one_scale(scores, 3);
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scaled[i], ability[i], 0.35) << i;
  EXPECT_LT(mean_at(scores, scaled, 1), -0.9) << "it would be 0, were a rung taken by itself";
  EXPECT_LT(mean_at(scores, scaled, 2), -1.4);
}

TEST(OnOneScale, WhereRungsHardlyAgreeThoseThatWentOnAreLikeAnyOther) {
  Rng rng(2, Purpose::kSimulate, 0);
  std::vector<RungScore> scores;
  for (TrialId id = 0; id < 300; ++id) {
    const double z = rng.normal();
    scores.push_back({id, 0, z});
    if (z < -0.43) scores.push_back({id, 1, 7 + 3 * rng.normal()});
  }
  const std::vector<double> scaled = on_one_scale(scores, 2);
  EXPECT_NEAR(mean_at(scores, scaled, 1), 0, 0.3);
}

TEST(OnOneScale, OnePairShiftsARungAndTwoThatNeverMetAreTakenByThemselves) {
  const auto pair =
      on_one_scale(std::vector<RungScore>{{0, 0, 1.0}, {0, 1, 0.5}, {1, 0, 3.0}, {2, 1, 2.5}}, 2);
  EXPECT_EQ(pair, (std::vector<double>{-1, -1, 1, 1}));
  const auto apart = on_one_scale(
      std::vector<RungScore>{{0, 0, 1.0}, {1, 0, 3.0}, {2, 1, 20.0}, {3, 1, 40.0}, {4, 1, kWorst}}, 2);
  EXPECT_EQ(apart, (std::vector<double>{-1, 1, -1, 1, kWorst}));
}

TEST(OnOneScale, KeepsTheOrderWithinARungWhateverTheScores) {
  for (const TrialId good : {5, 2}) {  // a few are huge; most are
    for (const double huge : {1e30, 1e200, 1e308}) {
      Rng rng(3, Purpose::kSimulate, 0);
      std::vector<RungScore> scores;
      for (TrialId id = 0; id < 40; ++id) {
        scores.push_back({id, 0, (id % 5 == 0) == (good == 5) ? huge * rng.uniform() : rng.normal()});
        if (id % 3 == 0) scores.push_back({id, 1, id % 2 == 0 ? kWorst : -rng.uniform() * 1e-12});
        if (id % 9 == 0) scores.push_back({id, 2, id % 2 == 0 ? huge : rng.normal()});
      }
      const std::vector<double> scaled = on_one_scale(scores, 3);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        EXPECT_EQ(std::isfinite(scaled[i]), scores[i].score < kWorst) << huge;
        for (std::size_t j = 0; j < scores.size(); ++j) {
          if (scores[i].rung != scores[j].rung || !(scores[i].score < scores[j].score)) continue;
          EXPECT_LE(scaled[i], scaled[j]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace coppice::gp
