#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.hpp"
#include "schedulers/brackets.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;

SchedulerSetup budget(std::int64_t trials, std::optional<Step> steps = std::nullopt) {
  SchedulerSetup setup;
  setup.max_trials = trials;
  setup.steps_per_trial = steps;
  return setup;
}

TEST(Asha, PromotesTheBestThirdAndElseBeginsNewTrials) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{9}}}), budget(4));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.next_new().until, 1);
  bench.reach(0, 0.3);
  bench.reach(1, 0.2);
  EXPECT_EQ(bench.next_new().until, 1) << "two entries: nothing to promote";
  EXPECT_FALSE(bench.next()) << "the budget is used";
  bench.reach(2, 0.4);
  const Continue promoted = bench.next_continue();
  EXPECT_EQ(promoted.trial, 1);
  EXPECT_EQ(promoted.until, 3);
  EXPECT_EQ(promoted.kind, DecisionKind::kPromote);
  EXPECT_EQ(promoted.reason, "rung 0 (1 step): 0.2 is among the best 1 of 3");
  EXPECT_FALSE(bench.next());
  bench.reach(3, 0.1);
  EXPECT_EQ(bench.next_continue().trial, 3) << "it is the best of four now";
  EXPECT_FALSE(bench.next());
  EXPECT_TRUE(bench.stops.empty()) << "whoever is not promoted waits: more trials may raise it";
}

TEST(Asha, LooksAtTheHighestRungFirst) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{4}}, {"eta", std::int64_t{2}}}), budget(8));
  for (int i = 0; i < 4; ++i) bench.next_new();
  for (TrialId i = 0; i < 4; ++i) bench.reach(i, 0.1 * static_cast<double>(i));
  EXPECT_EQ(bench.next_continue().trial, 0);
  EXPECT_EQ(bench.next_continue().trial, 1);
  for (int i = 0; i < 4; ++i) bench.next_new();
  bench.reach(0, 0.1);
  bench.reach(1, 0.05);
  for (TrialId i = 4; i < 8; ++i) bench.reach(i, 0.01);
  const Continue top = bench.next_continue();
  EXPECT_EQ(top.trial, 1) << "rung 1 before rung 0, though others wait there";
  EXPECT_EQ(top.until, 4);
  EXPECT_EQ(bench.next_continue().until, 2);
}

TEST(Asha, FailedAndNaNAreLosersAndNeverPromoted) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{9}}}), budget(6));
  for (int i = 0; i < 6; ++i) bench.next_new();
  bench.fail(0);
  bench.reach(1, kWorst);
  bench.fail(2);
  EXPECT_FALSE(bench.next()) << "the best third of three losers is nobody";
  bench.fail(3);
  bench.reach(4, 0.7);
  EXPECT_EQ(bench.next_continue().trial, 4) << "the best of five";
  bench.fail(5);
  EXPECT_FALSE(bench.next());
}

TEST(Asha, OneThatEndedEarlyCountsInTheRungItWasHeadingFor) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{9}}, {"min_steps", std::int64_t{3}}}),
              budget(3));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.next_new().until, 3);
  bench.end_early(0, 2, 0.1);
  bench.reach(1, 0.2);
  bench.reach(2, 0.3);
  EXPECT_FALSE(bench.next()) << "the best of three has nothing more to train";
}

TEST(Asha, BracketsAreDrawnInProportionToHyperbandsFirstRungs) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{9}}, {"brackets", std::int64_t{3}}}),
              budget(1700));
  std::map<Step, int> begun;
  for (int i = 0; i < 1700; ++i) ++begun[bench.next_new().until];
  // 9, 5 and 3 of 17; the seed is fixed, five standard deviations of a binomial.
  EXPECT_NEAR(begun[1], 900, 105);
  EXPECT_NEAR(begun[3], 500, 95);
  EXPECT_NEAR(begun[9], 300, 80);
}

TEST(Asha, ABracketThatBeginsHigherHasItsOwnRanking) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{9}}, {"brackets", std::int64_t{2}}}),
              budget(60));
  std::vector<TrialId> lower, upper;
  for (TrialId i = 0; i < 60; ++i) (bench.next_new().until == 1 ? lower : upper).push_back(i);
  for (int i = 0; i < 3; ++i) bench.reach(upper[static_cast<std::size_t>(i)], 0.1 * (i + 1));
  const Continue promoted = bench.next_continue();
  EXPECT_EQ(promoted.trial, upper[0]);
  EXPECT_EQ(promoted.until, 9);
  EXPECT_THAT(promoted.reason, HasSubstr("bracket 1, rung 1 (3 steps)"));
  for (int i = 0; i < 3; ++i) bench.reach(lower[static_cast<std::size_t>(i)], 0.1);
  EXPECT_EQ(bench.next_continue().until, 3) << "bracket 0 goes to step 3, without those of bracket 1";
}

TEST(Asha, WorksWithoutCheckpoints) {
  Bench bench("asha", options_of({{"max_steps", std::int64_t{3}}}), budget(3));
  bench.saves = false;
  for (int i = 0; i < 3; ++i) bench.next_new();
  for (TrialId i = 0; i < 3; ++i) bench.reach(i, 0.5);
  EXPECT_EQ(bench.next_continue().trial, 0);
  bench.reach(0, 0.4);
  EXPECT_FALSE(bench.next());
}

TEST(Asha, MessagesSayTheFix) {
  const SchedulerInfo& asha = *find_scheduler("asha");
  EXPECT_EQ(asha.check({}, budget(4)), "asha needs asha.max_steps or budget.steps_per_trial");
  EXPECT_EQ(asha.check({}, budget(4, 9)), "");
  SchedulerSetup endless;
  endless.steps_per_trial = 9;
  EXPECT_THAT(asha.check({}, endless), HasSubstr("budget.trials, budget.wall_time or budget.target"));
  SchedulerSetup deterministic = budget(4, 9);
  deterministic.deterministic = true;
  EXPECT_THAT(asha.check({}, deterministic), HasSubstr("use hyperband"));
  EXPECT_THAT(asha.check(options_of({{"type", std::string("stopping")}}), budget(4, 9)),
              HasSubstr("use type: promotion"));
  EXPECT_THAT(asha.check(options_of({{"min_steps", std::int64_t{10}}}), budget(4, 9)), HasSubstr("lower it"));
  EXPECT_THAT(asha.check(options_of({{"brackets", std::int64_t{4}}}), budget(4, 9)), HasSubstr("3 rungs"));
  EXPECT_THAT(asha.check(options_of({{"max_steps", std::int64_t{10}}}), budget(4, 9)),
              HasSubstr("remove one of the two"));
  EXPECT_THAT(asha.check({}, budget(4, kMaxRungStep + 1)), HasSubstr("too long"));
}

}  // namespace
}  // namespace coppice
