#include "samplers/grid.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "../support/parameters.hpp"
#include "samplers/catalog.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;

TEST(Permutation, TakesEachNumberOnce) {
  for (const std::int64_t size : {1, 2, 3, 4, 5, 16, 17, 100, 1000}) {
    for (const std::uint64_t key : {0u, 1u, 77u}) {
      std::set<std::int64_t> seen;
      for (std::int64_t i = 0; i < size; ++i) seen.insert(permute(i, size, key));
      EXPECT_EQ(seen.size(), static_cast<std::size_t>(size));
      EXPECT_EQ(*seen.begin(), 0);
      EXPECT_EQ(*seen.rbegin(), size - 1);
    }
  }
  EXPECT_LT(permute(Grid::kMaxPoints - 1, Grid::kMaxPoints, 5), Grid::kMaxPoints);
}

TEST(Permutation, SpreadsItsFirstNumbers) {
  int lower_half = 0;
  for (std::int64_t i = 0; i < 1000; ++i) lower_half += permute(i, 1000000, 3) < 500000 ? 1 : 0;
  EXPECT_NEAR(lower_half, 500, 80);  // five standard deviations
}

TEST(Grid, HasBothEndsOfEveryRange) {
  Parameter tenth = number("tenth", 0, 0.3);
  tenth.step = 0.1;
  Parameter log = number("log", 1, 100);
  log.log = true;
  const Grid grid(SearchSpace({tenth, log}), 3);
  ASSERT_EQ(grid.size(), 12);
  EXPECT_EQ(grid.at(0), (Values{0.0, 1.0}));
  EXPECT_EQ(grid.at(2), (Values{0.0, 100.0}));
  EXPECT_EQ(grid.at(11), (Values{0.3, 100.0})) << "no step is added up";
  EXPECT_NEAR(std::get<double>(grid.at(1)[1]), 10, 1e-12);
}

TEST(Grid, CountsAConfigurationOnceWhereParametersAreOff) {
  Parameter momentum = integer("momentum", 0, 4);
  momentum.when = Condition{"optimizer", {std::string("sgd")}};
  Parameter nested = choice("nested", {"u", "v", "w"});
  nested.when = Condition{"momentum", {std::int64_t{2}, std::int64_t{3}}};
  Parameter beta = integer("beta", 1, 2);
  beta.when = Condition{"optimizer", {std::string("sgd"), std::string("adam")}};
  const SearchSpace space(
      {integer("n", 1, 3), choice("optimizer", {"sgd", "adam", "none"}), momentum, nested, beta});
  const Grid grid(space, 5);
  // sgd: (3 + 2 * 3) * 2, adam: 2, none: 1.
  ASSERT_EQ(grid.size(), 3 * (18 + 2 + 1));
  std::set<Values> seen;
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    const Values values = grid.at(i);
    EXPECT_TRUE(space.admits(values)) << i;
    seen.insert(values);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(grid.size()));
}

TEST(Grid, SaysWhatItCanNotDo) {
  EXPECT_EQ(Grid::problem(SearchSpace({number("x", 0, 1)}), 5), "");
  EXPECT_EQ(Grid::problem(SearchSpace({integer("a", 0, 1 << 30), integer("b", 0, 1 << 30)}), 5), "");
  EXPECT_EQ(Grid::problem(SearchSpace({integer("a", 0, 0x1p40), integer("b", 0, 0x1p40)}), 5),
            "space: the grid has more than 2^62 points; give larger steps, or use sampler random");
}

TEST(GridSampler, ProposesEveryPointOnceAndThenSaysThatThereIsNone) {
  const SearchSpace space({integer("n", 1, 5), choice("c", {"a", "b", "c"})});
  const auto sampler = make_sampler("grid", {}, space, 3);
  std::set<Values> seen;
  for (TrialId trial = 0; trial < 15; ++trial) {
    EXPECT_TRUE(seen.insert(sampler->ask({trial, nullptr}).params).second) << trial;
  }
  for (const TrialId trial : {15, 16, 1000}) {
    const Proposal none = sampler->ask({trial, nullptr});
    EXPECT_TRUE(none.exhausted);
    EXPECT_TRUE(none.params.empty());
    EXPECT_EQ(none.note, "15 of 15 points were proposed");
  }
  EXPECT_NE(make_sampler("grid", {}, space, 4)->ask({0, nullptr}).params,
            make_sampler("grid", {}, space, 3)->ask({0, nullptr}).params);
}

TEST(GridSampler, RerunsTakeNoPoint) {
  const SearchSpace space({integer("n", 1, 5)});
  const auto sampler = make_sampler("grid", {}, space, 3);
  std::set<Values> seen;
  for (TrialId trial = 0; trial < 7; ++trial) {
    if (trial == 2 || trial == 3) {
      Trial rerun;
      rerun.id = trial;
      rerun.origin = Origin{0, 0};
      sampler->tell(rerun);
    } else {
      EXPECT_TRUE(seen.insert(sampler->ask({trial, nullptr}).params).second) << trial;
    }
  }
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_TRUE(sampler->ask({7, nullptr}).exhausted);
}

}  // namespace
}  // namespace coppice
