#include "core/repeats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "core/objectives.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Repeats, TheFirstHasTheSeedOfATrialWithoutRepeats) {
  EXPECT_EQ(repeat_seed(12345, 0), 12345u);
  std::set<std::uint64_t> seeds;
  for (const std::uint64_t trial : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2147483647}}) {
    for (int repeat = 0; repeat < 100; ++repeat) {
      seeds.insert(repeat_seed(trial, repeat));
      EXPECT_LT(repeat_seed(trial, repeat), std::uint64_t{1} << 31);
    }
  }
  EXPECT_EQ(seeds.size(), 300u);
}

TEST(Repeats, TheirSeedsStayWhatTheyAre) {
  EXPECT_EQ(repeat_seed(7, 1), 1949000106u);
  EXPECT_EQ(repeat_seed(7, 2), 1804463048u);
}

TEST(Repeats, AMetricKeepsItsNameForTheMean) {
  const Metrics joined = join_repeats({{{"loss", 1}, {"acc", 0.5}}, {{"loss", 2}, {"acc", 0.25}}});
  EXPECT_THAT(joined, ElementsAre(Pair("loss@0", 1), Pair("acc@0", 0.5), Pair("loss@1", 2),
                                  Pair("acc@1", 0.25), Pair("loss", 1.5), Pair("acc", 0.375)));
  const RepeatedMetrics split = split_repeats(joined, 2);
  EXPECT_THAT(split.mean, ElementsAre(Pair("loss", 1.5), Pair("acc", 0.375)));
  EXPECT_THAT(split.repeats, ElementsAre(ElementsAre(Pair("loss", 1), Pair("acc", 0.5)),
                                         ElementsAre(Pair("loss", 2), Pair("acc", 0.25))));
}

TEST(Repeats, OneValueThatIsNotFiniteMakesTheMeanSo) {
  const auto mean = [](std::vector<Metrics> repeats) {
    const int count = static_cast<int>(repeats.size());
    return split_repeats(join_repeats(repeats), count).mean.front().second;
  };
  EXPECT_TRUE(std::isnan(mean({{{"loss", 1}}, {{"loss", kNan}}})));
  EXPECT_EQ(mean({{{"loss", kInfinity}}, {{"loss", 1}}}), kInfinity);
  EXPECT_TRUE(std::isnan(mean({{{"loss", kInfinity}}, {{"loss", -kInfinity}}})));
}

TEST(Repeats, AMetricThatOneDidNotReportIsNan) {
  const RepeatedMetrics split = split_repeats(join_repeats({{{"loss", 1}}, {{"late", 4}, {"loss", 3}}}), 2);
  ASSERT_EQ(split.mean.size(), 2u);
  EXPECT_THAT(split.mean[0], Pair("loss", 2));
  EXPECT_TRUE(std::isnan(split.mean[1].second));
  EXPECT_TRUE(std::isnan(split.repeats[0][1].second));
  EXPECT_THAT(split.repeats[1][1], Pair("late", 4));
}

TEST(Repeats, NamesWithAnAtAreNotMistaken) {
  const Metrics joined = join_repeats({{{"loss@1", 1}, {"loss", 5}}, {{"loss@1", 2}, {"loss", 7}}});
  EXPECT_THAT(split_repeats(joined, 2).mean, ElementsAre(Pair("loss@1", 1.5), Pair("loss", 6)));
}

TEST(Repeats, AMetricIsLookedUpByItsMean) {
  const Metrics joined = join_repeats({{{"loss@0", 1}, {"loss", 5}}, {{"loss@0", 2}, {"loss", 7}}});
  EXPECT_EQ(find_metric(joined, "loss"), 6);
  EXPECT_EQ(find_metric(joined, "loss@0"), 1.5) << "not the 5 of repeat 0";
  EXPECT_EQ(assess({{"loss@0"}}, {}, joined).scores.front(), 1.5);
  EXPECT_EQ(find_metric(joined, "acc"), std::nullopt);
}

TEST(Repeats, WhatTheyCannotHaveMadeIsAMean) {
  const Metrics plain{{"loss", 1}, {"acc", 2}};
  EXPECT_EQ(split_repeats(plain, 2).mean, plain);
  EXPECT_TRUE(split_repeats(plain, 2).repeats.empty());
  EXPECT_EQ(split_repeats(plain, 1).mean, plain);
}

}  // namespace
}  // namespace coppice
