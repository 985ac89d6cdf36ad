#include "samplers/gp/subset.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace coppice::gp {
namespace {

TEST(ChooseObservations, AllWhereTheyAreFew) {
  EXPECT_EQ(choose_observations(std::vector<double>{3, 1, 2}, 3), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(choose_observations({}, 3).empty());
}

TEST(ChooseObservations, TheBestTheLastAndAnEvenChoiceOfTheRest) {
  std::vector<double> scores(900, 5.0);
  for (const std::size_t i : {10, 400, 401}) scores[i] = 1;
  const std::vector<std::size_t> chosen = choose_observations(scores, 30);
  EXPECT_EQ(chosen.size(), 30u);
  EXPECT_TRUE(std::ranges::is_sorted(chosen));
  const std::set<std::size_t> kept(chosen.begin(), chosen.end());
  EXPECT_EQ(kept.size(), 30u);
  for (const std::size_t i : {10, 400, 401, 890, 899}) EXPECT_TRUE(kept.contains(i)) << i;
  // Between 0 and 890 there is no long gap.
  std::size_t gap = 0;
  for (std::size_t i = 1; i < chosen.size(); ++i) gap = std::max(gap, chosen[i] - chosen[i - 1]);
  EXPECT_LE(gap, 900u / 10 + 1);
}

}  // namespace
}  // namespace coppice::gp
