// The two tables of Hyperband that circulate, and rungs by integers.
#include "schedulers/brackets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coppice {
namespace {

using ::testing::ElementsAre;

struct Totals {
  std::int64_t trials = 0;
  std::int64_t steps_from_scratch = 0;
  std::int64_t steps_resumed = 0;
};

Totals totals(Step max_steps, std::int64_t eta, BracketSizes sizes) {
  Totals result;
  for (const BracketPlan& plan : hyperband_brackets(max_steps, eta, sizes)) {
    result.trials += plan.rungs.front().trials;
    Step before = 0;
    for (const Rung& rung : plan.rungs) {
      result.steps_from_scratch += rung.trials * rung.step;
      result.steps_resumed += rung.trials * (rung.step - before);
      before = rung.step;
    }
  }
  return result;
}

std::vector<std::int64_t> first_rungs(Step max_steps, std::int64_t eta, BracketSizes sizes,
                                      RungsFrom from = RungsFrom::kLast) {
  std::vector<std::int64_t> result;
  for (const BracketPlan& plan : hyperband_brackets(max_steps, eta, sizes, from)) {
    result.push_back(plan.rungs.front().trials);
  }
  return result;
}

void expect_bracket(const BracketPlan& plan, std::int64_t s,
                    const std::vector<std::pair<Step, std::int64_t>>& rungs) {
  EXPECT_EQ(plan.s, s);
  ASSERT_EQ(plan.rungs.size(), rungs.size());
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    EXPECT_EQ(plan.rungs[i].step, rungs[i].first) << "bracket " << s << " rung " << i;
    EXPECT_EQ(plan.rungs[i].trials, rungs[i].second) << "bracket " << s << " rung " << i;
  }
}

TEST(Brackets, FormulaFor81) {
  const auto brackets = hyperband_brackets(81, 3, BracketSizes::kFormula);
  ASSERT_EQ(brackets.size(), 5u);
  expect_bracket(brackets[0], 4, {{1, 81}, {3, 27}, {9, 9}, {27, 3}, {81, 1}});
  expect_bracket(brackets[1], 3, {{3, 34}, {9, 11}, {27, 3}, {81, 1}});
  expect_bracket(brackets[2], 2, {{9, 15}, {27, 5}, {81, 1}});
  expect_bracket(brackets[3], 1, {{27, 8}, {81, 2}});
  expect_bracket(brackets[4], 0, {{81, 5}});
}

TEST(Brackets, TableFor81) {
  const auto brackets = hyperband_brackets(81, 3, BracketSizes::kTable);
  ASSERT_EQ(brackets.size(), 5u);
  expect_bracket(brackets[0], 4, {{1, 81}, {3, 27}, {9, 9}, {27, 3}, {81, 1}});
  expect_bracket(brackets[1], 3, {{3, 27}, {9, 9}, {27, 3}, {81, 1}});
  expect_bracket(brackets[2], 2, {{9, 9}, {27, 3}, {81, 1}});
  expect_bracket(brackets[3], 1, {{27, 6}, {81, 2}});
  expect_bracket(brackets[4], 0, {{81, 5}});
}

TEST(Brackets, Totals) {
  struct Case {
    Step max_steps;
    std::int64_t eta;
    BracketSizes sizes;
    Totals expected;
  };
  for (const Case& c :
       {Case{81, 3, BracketSizes::kFormula, {143, 1902, 1581}},
        Case{81, 3, BracketSizes::kTable, {128, 1701, 1404}},
        Case{27, 3, BracketSizes::kFormula, {49, 423, 357}},
        Case{27, 3, BracketSizes::kTable, {46, 405, 342}}, Case{9, 3, BracketSizes::kFormula, {17, 78, 69}},
        Case{9, 3, BracketSizes::kTable, {15, 72, 63}},
        Case{243, 3, BracketSizes::kFormula, {415, 8457, 6831}},
        Case{243, 3, BracketSizes::kTable, {384, 8019, 6480}},
        Case{64, 4, BracketSizes::kFormula, {98, 1000, 884}},
        Case{64, 4, BracketSizes::kTable, {92, 960, 848}}}) {
    const Totals found = totals(c.max_steps, c.eta, c.sizes);
    EXPECT_EQ(found.trials, c.expected.trials) << c.max_steps << " eta " << c.eta;
    EXPECT_EQ(found.steps_from_scratch, c.expected.steps_from_scratch) << c.max_steps << " eta " << c.eta;
    EXPECT_EQ(found.steps_resumed, c.expected.steps_resumed) << c.max_steps << " eta " << c.eta;
  }
}

TEST(Brackets, PowersThatLogarithmsMiss) {
  EXPECT_THAT(first_rungs(243, 3, BracketSizes::kFormula), ElementsAre(243, 98, 41, 18, 9, 6));
  EXPECT_EQ(rung_steps(1, 729, 3).size(), 7u);
  EXPECT_EQ(rung_steps(1, 59049, 3).size(), 11u);
  EXPECT_THAT(rung_steps(1, 1000, 10), ElementsAre(1, 10, 100, 1000));
  EXPECT_EQ(rung_steps(1, 1000000000, 10).size(), 10u);
  for (const BracketPlan& plan : hyperband_brackets(729, 3, BracketSizes::kFormula)) {
    EXPECT_EQ(plan.rungs.back().step, 729);
    EXPECT_GE(plan.rungs.back().trials, 1) << "somebody arrives";
    EXPECT_EQ(plan.rungs.size(), static_cast<std::size_t>(plan.s + 1));
  }
  EXPECT_EQ(hyperband_brackets(1000, 10, BracketSizes::kFormula).size(), 4u);
}

TEST(Brackets, WhereMaxStepsIsNoPowerOfEta) {
  EXPECT_THAT(rung_steps(1, 56, 3), ElementsAre(1, 3, 9, 27, 56));
  EXPECT_THAT(rung_steps(1, 1000, 4), ElementsAre(1, 4, 16, 64, 256, 1000));
  EXPECT_THAT(rung_steps(5, 50, 3), ElementsAre(5, 15, 45, 50));
}

TEST(Brackets, HyperbandCountsItsRungsFromTheLastOne) {
  EXPECT_THAT(rung_steps_from_last(52, 3), ElementsAre(2, 6, 17, 52));
  EXPECT_THAT(rung_steps_from_last(30, 3), ElementsAre(1, 3, 10, 30));
  EXPECT_THAT(rung_steps_from_last(100, 3), ElementsAre(1, 4, 11, 33, 100));
  EXPECT_THAT(rung_steps_from_last(10, 4), ElementsAre(3, 10)) << "halves up";
  EXPECT_THAT(rung_steps_from_last(2, 3), ElementsAre(2));
  EXPECT_THAT(first_rungs(52, 3, BracketSizes::kTable), ElementsAre(27, 9, 6, 4));
  EXPECT_THAT(first_rungs(56, 3, BracketSizes::kFormula), ElementsAre(27, 12, 6, 4));
}

TEST(Brackets, HyperbandCountsItsRungsFromTheFirstOneOnRequest) {
  EXPECT_THAT(first_rungs(56, 3, BracketSizes::kFormula, RungsFrom::kFirst), ElementsAre(81, 34, 15, 8, 5));
  const auto brackets = hyperband_brackets(56, 3, BracketSizes::kFormula, RungsFrom::kFirst);
  expect_bracket(brackets[0], 4, {{1, 81}, {3, 27}, {9, 9}, {27, 3}, {56, 1}});
  expect_bracket(brackets[1], 3, {{3, 34}, {9, 11}, {27, 3}, {56, 1}});
}

TEST(Brackets, HyperbandsRungsIncreaseWhateverTheLastOne) {
  for (std::int64_t eta = 2; eta <= 5; ++eta) {
    for (Step last = 1; last <= 2000; ++last) {
      const std::vector<Step> steps = rung_steps_from_last(last, eta);
      EXPECT_EQ(steps.back(), last);
      EXPECT_GE(steps.front(), 1);
      for (std::size_t i = 1; i < steps.size(); ++i) ASSERT_LT(steps[i - 1], steps[i]) << last << " " << eta;
    }
    const Step power = eta * eta * eta * eta;
    EXPECT_EQ(rung_steps_from_last(power, eta), rung_steps(1, power, eta));
  }
}

TEST(Brackets, TheSmallestAndTheLargest) {
  EXPECT_THAT(rung_steps(1, 1, 3), ElementsAre(1));
  EXPECT_THAT(rung_steps(7, 7, 2), ElementsAre(7));
  EXPECT_EQ(rung_steps(1, kMaxRungStep, 2).size(), 41u);
  EXPECT_EQ(rung_steps(1, kMaxRungStep, 2)[39], std::int64_t{1} << 39);
  EXPECT_EQ(rung_steps_from_last(kMaxRungStep, 2).size(), 40u);
  EXPECT_EQ(rung_steps_from_last(kMaxRungStep, 1'000'000).size(), 3u);
  EXPECT_THAT(first_rungs(1, 3, BracketSizes::kFormula), ElementsAre(1));
  EXPECT_EQ(survivors(81, 3), 27);
  EXPECT_EQ(survivors(2, 3), 1);
}

}  // namespace
}  // namespace coppice
