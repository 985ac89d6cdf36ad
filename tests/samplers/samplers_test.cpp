#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "../support/parameters.hpp"
#include "samplers/catalog.hpp"
#include "samplers/explore.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::text;
using spaces::when;
using spaces::whole;

SearchSpace mixed() {
  const Parameter momentum = when(number("momentum", 0.5, 0.99), "optimizer", {text("sgd")});
  Parameter width = choice("width", {whole(32), whole(64), whole(128)}, true);
  width.fixed = true;
  return SearchSpace({number("rate", 1e-4, 1, true), integer("batch", 16, 256, true), number("drop", 0, 1),
                      choice("optimizer", {text("sgd"), text("adam"), text("lion")}), momentum, width});
}

// ---- random
// -------------------------------------------------------------------------------------------------------------

TEST(Random, DrawsFromThePrior) {
  Parameter momentum = number("momentum", 0, 1);
  momentum.prior = Prior{0.9, 0.05};
  Parameter rate = number("rate", 1e-6, 1, true);
  rate.prior = Prior{1e-3, std::log(3.0)};
  Parameter layers = integer("layers", 1, 9);
  layers.prior = Prior{3, 1};
  constexpr int kAsked = 4000;
  // Four standard errors of a share of one half: false alarm in 16,000 draws of the seed.
  const double tolerance = 4 * std::sqrt(0.25 / kAsked);
  const auto sampler = make_sampler("random", {}, SearchSpace({momentum, rate, layers}), 7);
  double below_momentum = 0;
  double within_rate = 0;
  double three = 0;
  for (TrialId trial = 0; trial < kAsked; ++trial) {
    const Values params = sampler->ask({trial, nullptr}).params;
    below_momentum += std::get<double>(params[0]) < 0.85 ? 1 : 0;
    const double r = std::get<double>(params[1]);
    within_rate += r > 1e-3 / 3 && r < 3e-3 ? 1 : 0;
    three += params[2] == whole(3) ? 1 : 0;
  }
  // P(z < -1) / P(z < 2); P(|z| < 1); P(|z| < 1/2) / P(-2.5 < z < 6.5).
  EXPECT_NEAR(below_momentum / kAsked, 0.158655 / 0.977250, tolerance);
  EXPECT_NEAR(within_rate / kAsked, 0.682689, tolerance);
  EXPECT_NEAR(three / kAsked, 0.382925 / 0.993790, tolerance);
}

TEST(Random, LiesInTheSpaceAndPrunesWhatIsOff) {
  const SearchSpace space = mixed();
  const auto sampler = make_sampler("random", {}, space, 7);
  int with_momentum = 0;
  for (TrialId trial = 0; trial < 300; ++trial) {
    const Proposal proposal = sampler->ask({trial, nullptr});
    ASSERT_TRUE(space.admits(proposal.params)) << trial;
    EXPECT_EQ(proposal.note, "random");
    with_momentum += is_absent(proposal.params[4]) ? 0 : 1;
  }
  EXPECT_NEAR(with_momentum, 100, 41);  // the seed is fixed; five standard deviations
}

TEST(Random, DependsOnSeedTrialAndNameOnly) {
  const auto value = [](std::uint64_t seed, TrialId trial, const SearchSpace& space, const char* name) {
    return make_sampler("random", {}, space, seed)->ask({trial, nullptr}).params[space.index_of(name)];
  };
  const SearchSpace one({number("drop", 0, 1)});
  EXPECT_EQ(value(7, 3, one, "drop"), value(7, 3, mixed(), "drop")) << "other parameters don't matter";
  EXPECT_NE(value(7, 3, one, "drop"), value(7, 4, one, "drop"));
  EXPECT_NE(value(7, 3, one, "drop"), value(8, 3, one, "drop"));
}

TEST(Random, EveryValueOfAGridIsEquallyLikelyAndLogIsUniformInTheLogarithm) {
  const SearchSpace space({integer("n", 1, 5), number("rate", 1e-4, 1, true)});
  const auto sampler = make_sampler("random", {}, space, 1);
  std::map<std::int64_t, int> seen;
  int small = 0;
  for (TrialId trial = 0; trial < 5000; ++trial) {
    const Values params = sampler->ask({trial, nullptr}).params;
    ++seen[std::get<std::int64_t>(params[0])];
    small += std::get<double>(params[1]) < 1e-2 ? 1 : 0;
  }
  for (const auto& [n, count] : seen) EXPECT_NEAR(count, 1000, 142) << n;
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_NEAR(small, 2500, 177);
}

TEST(SamplerCatalog, EveryEntryIsWhole) {
  for (const SamplerInfo& entry : samplers()) {
    EXPECT_EQ(find_sampler(entry.name), &entry);
    EXPECT_NE(entry.help, "");
    EXPECT_EQ(entry.check({}, mixed()), "");
    EXPECT_TRUE(mixed().admits(make_sampler(entry.name, {}, mixed(), 3)->ask({0, nullptr}).params))
        << entry.name;
  }
  EXPECT_EQ(find_sampler("nelder-mead"), nullptr);
}

// ---- one value
// ----------------------------------------------------------------------------------------------------------

double moved(const Parameter& p, double value, double factor) {
  return std::get<double>(perturb_value(p, Value(value), factor));
}
std::int64_t moved_int(const Parameter& p, std::int64_t value, double factor) {
  return std::get<std::int64_t>(perturb_value(p, Value(value), factor));
}

TEST(Perturb, ALogParameterIsMultiplied) {
  const Parameter rate = number("rate", 1e-4, 1, true);
  EXPECT_DOUBLE_EQ(moved(rate, 0.01, 1.2), 0.012);
  EXPECT_DOUBLE_EQ(moved(rate, 0.01, 0.8), 0.008);
  EXPECT_DOUBLE_EQ(moved(rate, 0.9, 1.2), 1.0) << "to the end of the range";
  EXPECT_DOUBLE_EQ(moved(rate, 1.0, 1.2), 1 / 1.2) << "there is no room: the other way";
  EXPECT_DOUBLE_EQ(moved(rate, 1e-4, 0.8), 1e-4 / 0.8);
}

TEST(Perturb, ALinearOneMovesByAPartOfItsRangeSoThatZeroDoesNotStick) {
  const Parameter drop = number("drop", 0, 1);
  EXPECT_DOUBLE_EQ(moved(drop, 0, 1.2), 0.2);
  EXPECT_DOUBLE_EQ(moved(drop, 0, 0.8), 0.2) << "there is no room: the other way";
  EXPECT_DOUBLE_EQ(moved(drop, 0.1, 0.8), 0);
  EXPECT_DOUBLE_EQ(moved(drop, 0.5, 1.2), 0.7);
  EXPECT_DOUBLE_EQ(moved(number("shift", -10, 10), -1, 1.2), 3);
  EXPECT_DOUBLE_EQ(moved(drop, 0.5, 1), 0.5);
}

TEST(Perturb, AnIntMovesByAtLeastOne) {
  const Parameter layers = integer("layers", 1, 6);
  EXPECT_EQ(moved_int(layers, 1, 1.2), 2);
  EXPECT_EQ(moved_int(layers, 4, 1.2), 5);
  EXPECT_EQ(moved_int(layers, 2, 0.8), 1);
  EXPECT_EQ(moved_int(layers, 1, 0.8), 2) << "there is no room: the other way";
  EXPECT_EQ(moved_int(layers, 6, 1.2), 5);
  const Parameter batch = integer("batch", 16, 256, true);
  EXPECT_EQ(moved_int(batch, 100, 1.2), 120);
  EXPECT_EQ(moved_int(batch, 100, 0.8), 80);
  EXPECT_EQ(moved_int(batch, 16, 1.01), 17);
  EXPECT_EQ(moved_int(batch, 250, 1.2), 256);
}

TEST(Perturb, AGridIsMovedAlongItsPoints) {
  Parameter grid = number("grid", 0, 1);
  grid.step = 0.25;
  EXPECT_DOUBLE_EQ(moved(grid, 0.5, 1.2), 0.75);
  EXPECT_DOUBLE_EQ(moved(grid, 0, 0.8), 0.25);
  Parameter even = integer("even", 2, 64);
  even.step = 2;
  EXPECT_EQ(moved_int(even, 32, 1.2), 44) << "6 of 31 steps";
  Parameter log_grid = integer("log_grid", 8, 64, true);
  log_grid.step = 8;
  EXPECT_EQ(moved_int(log_grid, 40, 1.2), 48);
  EXPECT_EQ(moved_int(log_grid, 8, 0.8), 16);
}

TEST(Perturb, OrderedChoicesMoveToANeighbourAndUnorderedStay) {
  const Parameter width = choice("width", {whole(32), whole(64), whole(128)}, true);
  EXPECT_EQ(perturb_value(width, whole(64), 1.2), whole(128));
  EXPECT_EQ(perturb_value(width, whole(64), 0.8), whole(32));
  EXPECT_EQ(perturb_value(width, whole(128), 1.2), whole(64));
  const Parameter one = choice("one", {whole(1)}, true);
  EXPECT_EQ(perturb_value(one, whole(1), 1.2), whole(1));
  const Parameter optimizer = choice("optimizer", {text("sgd"), text("adam")});
  EXPECT_EQ(perturb_value(optimizer, text("sgd"), 1.2), text("sgd"));
}

TEST(Perturb, NeverLeavesTheRange) {
  const SearchSpace space = mixed();
  for (const double factor : {0.01, 0.5, 0.8, 1.2, 2.0, 100.0}) {
    for (const Parameter& p : space.parameters()) {
      for (int i = 0; i <= 100; ++i) {
        const Value value = p.decode(i / 100.0);
        const Value to = perturb_value(p, value, factor);
        EXPECT_TRUE(p.admits(to)) << p.name << " " << to_text(value) << " " << factor;
        if (p.type != ParameterType::kCategorical || p.ordered) {
          EXPECT_NE(to, value) << p.name << " " << factor;
        }
      }
    }
  }
}

// ---- explorers
// ----------------------------------------------------------------------------------------------------------

Values base_values() {
  return {0.01, whole(64), 0.5, text("sgd"), 0.9, whole(64)};
}

TEST(Explorer, WithoutResamplingOnlyMoves) {
  const Options options = [] {
    Options o;
    o.set("resample_probability", 0.0);
    return o;
  }();
  const auto explorer = make_explorer(options, mixed(), 7);
  const Values base = base_values();
  std::set<double> rates;
  for (TrialId trial = 0; trial < 40; ++trial) {
    const Proposal proposal = explorer->ask({trial, &base});
    rates.insert(std::get<double>(proposal.params[0]));
    EXPECT_EQ(proposal.params[3], base[3]) << "unordered";
    EXPECT_EQ(proposal.params[5], base[5]) << "fixed";
    EXPECT_EQ(proposal.note, "moved rate batch drop momentum");
  }
  EXPECT_EQ(rates.size(), 2u) << "by either factor";
}

TEST(Explorer, ResamplesWithItsProbability) {
  Options options;
  options.set("resample_probability", 0.25);
  options.set("factors", std::vector<double>{1.0});
  const auto explorer = make_explorer(options, mixed(), 7);
  const Values base = base_values();
  int drawn = 0;
  for (TrialId trial = 0; trial < 2000; ++trial) {
    drawn += explorer->ask({trial, &base}).params[2] != base[2] ? 1 : 0;
  }
  EXPECT_NEAR(drawn, 500, 97);
}

TEST(Explorer, FollowsConditions) {
  Options options;
  options.set("explore", std::string("resample"));
  const SearchSpace space = mixed();
  const auto explorer = make_explorer(options, space, 7);
  const Values on = base_values();
  Values off = base_values();
  off[3] = text("adam");
  off[4] = std::monostate{};
  int switched_on = 0;
  int switched_off = 0;
  for (TrialId trial = 0; trial < 100; ++trial) {
    const Values from_on = explorer->ask({trial, &on}).params;
    const Values from_off = explorer->ask({trial, &off}).params;
    ASSERT_TRUE(space.admits(from_on)) << trial;
    ASSERT_TRUE(space.admits(from_off)) << trial;
    EXPECT_EQ(from_on[5], on[5]) << "fixed ones are inherited, also by resampling";
    switched_off += is_absent(from_on[4]) ? 1 : 0;
    switched_on += is_absent(from_off[4]) ? 0 : 1;
  }
  EXPECT_GT(switched_on, 0);
  EXPECT_GT(switched_off, 0);
}

TEST(Explorer, NoneKeepsEverything) {
  Options options;
  options.set("explore", std::string("none"));
  const Values base = base_values();
  EXPECT_EQ(make_explorer(options, mixed(), 7)->ask({3, &base}).params, base);
}

TEST(Explorer, DependsOnTheSeedAndTheTrialOnly) {
  const Values base = base_values();
  const auto a = make_explorer({}, mixed(), 7);
  const auto b = make_explorer({}, mixed(), 7);
  b->ask({1, &base});
  EXPECT_EQ(a->ask({2, &base}).params, b->ask({2, &base}).params);
  EXPECT_NE(a->ask({2, &base}).params, a->ask({3, &base}).params);
}

}  // namespace
}  // namespace coppice
