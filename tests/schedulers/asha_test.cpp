#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "bench.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/rung_options.hpp"

namespace coppice {
namespace {

using ::testing::ElementsAre;
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

TEST(Asha, RungsAreCountedFromTheLastOneOrFromMinSteps) {
  const Options from_one = options_of({{"min_steps", std::int64_t{1}}});
  EXPECT_THAT(steps_of_rungs({}, budget(9, 52)), ElementsAre(2, 6, 17, 52));
  EXPECT_THAT(steps_of_rungs(from_one, budget(9, 52)), ElementsAre(1, 3, 9, 27, 52));
  EXPECT_THAT(steps_of_rungs({}, budget(9, 3)), ElementsAre(1, 3));
  EXPECT_THAT(steps_of_rungs({}, budget(9, 2)), ElementsAre(1, 2)) << "not the last one alone";
  EXPECT_THAT(steps_of_rungs({}, budget(9, 1)), ElementsAre(1));
  EXPECT_THAT(steps_of_rungs(options_of({{"min_steps", std::int64_t{9}}}), budget(9, 9)), ElementsAre(9));
  const std::vector<Step> for_ever = steps_of_rungs({}, budget(9));
  EXPECT_THAT(std::vector<Step>(for_ever.begin(), for_ever.begin() + 3), ElementsAre(1, 3, 9));
  EXPECT_EQ(Bench("asha", {}, budget(9, 52)).next_new().until, 2);
  EXPECT_EQ(Bench("asha", from_one, budget(9, 52)).next_new().until, 1);
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

TEST(Asha, BracketsOfStepsThatAreNoPowerOfEtaAreHyperbandsToo) {
  Bench bench("asha", options_of({{"brackets", std::int64_t{4}}}), budget(4900, 52));
  std::map<Step, int> begun;
  for (int i = 0; i < 4900; ++i) ++begun[bench.next_new().until];
  std::map<Step, double> expected;
  double all = 0;
  for (const BracketPlan& plan : hyperband_brackets(52, 3, BracketSizes::kFormula)) {
    const Rung& first = plan.rungs.front();
    expected[first.step] = static_cast<double>(first.trials);
    all += expected[first.step];
  }
  ASSERT_EQ(begun.size(), 4u);
  for (const auto& [step, count] : begun) {
    // The seed is fixed; five standard deviations of a binomial.
    const double share = expected[step] / all;
    EXPECT_NEAR(count, 4900 * share, 5 * std::sqrt(4900 * share * (1 - share))) << step;
  }
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

TEST(Asha, WithoutALimitThereIsAlwaysANextRung) {
  Bench bench("asha", options_of({{"eta", std::int64_t{2}}}), budget(16));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(bench.next_new().until, 1);
  for (TrialId i = 0; i < 16; ++i) bench.reach(i, static_cast<double>(i));
  Step furthest = 0;
  while (const auto work = bench.next()) {
    const auto& more = std::get<Continue>(*work);
    furthest = std::max(furthest, more.until);
    bench.reach(more.trial, static_cast<double>(more.trial));
  }
  EXPECT_EQ(furthest, 16) << "8 to 2, 4 to 4, 2 to 8, 1 to 16: then there is nobody to compare with";
}

SchedulerSetup until_time(std::optional<Step> steps = std::nullopt) {
  SchedulerSetup setup;
  setup.steps_per_trial = steps;
  setup.has_wall_time = true;
  return setup;
}

Options stopping(std::vector<std::pair<std::string, OptionValue>> more = {}) {
  more.emplace_back("type", std::string("stopping"));
  return options_of(std::move(more));
}

TEST(AshaStopping, ARunningTrialEndsAtARungWhereItIsNotAmongTheBest) {
  Bench bench("asha", stopping(), budget(6, 9));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bench.next_new().until, 9) << "nobody pauses";
  EXPECT_TRUE(bench.report(0, 1, 0.5)) << "the best one of one";
  EXPECT_FALSE(bench.report(1, 1, 0.6));
  EXPECT_TRUE(bench.report(2, 1, 0.4));
  EXPECT_TRUE(bench.report(0, 2, 0.9)) << "nobody is judged between rungs";
  EXPECT_FALSE(bench.report(3, 1, 0.45));
  ASSERT_EQ(bench.stops.size(), 2u);
  EXPECT_EQ(bench.stops[0].reason, "rung 0 (1 step): 0.6 is rank 2 of 2, best 1 goes on");
  EXPECT_EQ(bench.stops[1].reason, "rung 0 (1 step): 0.45 is rank 2 of 4, best 1 goes on");
  EXPECT_FALSE(bench.report(4, 1, 0.4)) << "ties by trial";
  EXPECT_EQ(bench.stops[2].reason, "rung 0 (1 step): 0.4 is rank 2 of 5, best 1 goes on");
  EXPECT_FALSE(bench.report(5, 1, 0.7));
  EXPECT_TRUE(bench.report(2, 2, 0.4));
  EXPECT_TRUE(bench.report(2, 3, 0.4));
  EXPECT_FALSE(bench.report(0, 3, 0.45)) << "a rung later";
  bench.reach(2, 0.3);
  EXPECT_EQ(bench.board().trial(2).state, TrialState::kComplete) << "nobody is judged at the end";
  EXPECT_FALSE(bench.next());
}

TEST(AshaStopping, OneThatReportsRarelyIsJudgedAtEachRungThatItPasses) {
  Bench bench("asha", stopping(), budget(9, 27));
  for (int i = 0; i < 5; ++i) bench.next_new();
  EXPECT_TRUE(bench.report(0, 5, 0.2)) << "passes rungs 1 and 3 with its first value";
  EXPECT_TRUE(bench.report(0, 9, 0.1));
  EXPECT_FALSE(bench.report(1, 1, 0.3));
  EXPECT_TRUE(bench.report(2, 1, 0.19));
  EXPECT_FALSE(bench.report(2, 10, 0.15)) << "at rungs 3 and 9 it stood with 0.19";
  ASSERT_EQ(bench.stops.size(), 2u);
  EXPECT_EQ(bench.stops[1].reason, "rung 2 (9 steps): 0.19 is rank 2 of 2, best 1 goes on");
}

TEST(AshaStopping, AReportWithoutTheObjectiveIsWaitedFor) {
  Bench bench("asha", stopping(), budget(9, 27));
  for (int i = 0; i < 2; ++i) bench.next_new();
  EXPECT_TRUE(bench.report(0, 1, std::nullopt));
  EXPECT_TRUE(bench.report(0, 2, 0.4));
  EXPECT_FALSE(bench.report(1, 1, 0.5)) << "trial 0 has come to this rung";
}

TEST(AshaStopping, FailedOnesAreLosersAndNaNNeverGoesOn) {
  Bench bench("asha", stopping({{"eta", std::int64_t{2}}}), budget(6, 9));
  for (int i = 0; i < 6; ++i) bench.next_new();
  EXPECT_FALSE(bench.report(0, 1, kWorst)) << "though it is the first";
  EXPECT_EQ(bench.stops[0].reason, "rung 0 (1 step): no finite score is rank 1 of 1, best 1 goes on");
  bench.fail(1);
  bench.fail(2);
  EXPECT_TRUE(bench.report(3, 1, 0.5));
  EXPECT_TRUE(bench.report(4, 1, 0.6)) << "the best two of five";
  bench.end_early(5, 1, 0.1);
  EXPECT_EQ(bench.board().trial(5).state, TrialState::kComplete);
  EXPECT_FALSE(bench.next());
}

TEST(AshaStopping, OneThatReportsOnlyAtItsEndIsNotStoppedThere) {
  Bench bench("asha", stopping(), budget(2, 9));
  for (int i = 0; i < 2; ++i) bench.next_new();
  bench.reach(0, 0.1);
  bench.reach(1, 0.2);
  EXPECT_TRUE(bench.stops.empty());
}

TEST(AshaStopping, ABracketThatBeginsHigherIsJudgedLater) {
  Bench bench("asha", stopping({{"brackets", std::int64_t{2}}}), budget(40, 9));
  std::vector<TrialId> lower, upper;
  for (TrialId i = 0; i < 40; ++i) {
    const std::string reason = bench.next_new().reason;
    (reason.starts_with("bracket 0") ? lower : upper).push_back(i);
  }
  ASSERT_GE(lower.size(), 2u);
  ASSERT_GE(upper.size(), 2u);
  EXPECT_TRUE(bench.report(lower[0], 1, 0.1));
  EXPECT_TRUE(bench.report(upper[0], 1, 0.9));
  EXPECT_TRUE(bench.report(upper[0], 3, 0.9)) << "its rung is its own";
  EXPECT_TRUE(bench.report(upper[1], 1, 1.0));
  EXPECT_FALSE(bench.report(upper[1], 3, 1.0));
  EXPECT_THAT(bench.stops.back().reason, HasSubstr("bracket 1, rung 1 (3 steps): 1 is rank 2 of 2"));
}

TEST(AshaStopping, WithAnInfiniteHorizonTheBestTrainsOn) {
  Bench bench("asha", stopping({{"eta", std::int64_t{2}}}), until_time());
  EXPECT_EQ(bench.next_new().until, kMaxRungStep) << "an end of its own, though nobody comes there";
  for (Step step = 1; step <= 1000; ++step) ASSERT_TRUE(bench.report(0, step, 0.5));
  bench.next_new();
  EXPECT_TRUE(bench.report(1, 1, 0.1));
  EXPECT_TRUE(bench.report(1, 200, 0.6)) << "at rung 128 it stood with 0.1";
  EXPECT_FALSE(bench.report(1, 256, 0.6));
}

TEST(Asha, MessagesSayTheFix) {
  const SchedulerInfo& asha = *find_scheduler("asha");
  EXPECT_EQ(asha.check({}, budget(4, 9)), "");
  SchedulerSetup endless;
  endless.steps_per_trial = 9;
  EXPECT_THAT(asha.check({}, endless), HasSubstr("budget.trials, budget.wall_time or budget.target"));
  SchedulerSetup deterministic = budget(4, 9);
  deterministic.deterministic = true;
  EXPECT_THAT(asha.check({}, deterministic), HasSubstr("use hyperband"));
  const auto stopping = [](const char* option, OptionValue value) {
    return options_of({{"type", std::string("stopping")}, {option, std::move(value)}});
  };
  EXPECT_EQ(asha.check(stopping("eta", std::int64_t{3}), budget(4, 9)), "");
  EXPECT_THAT(asha.check(stopping("eta", std::int64_t{3}), budget(4)),
              HasSubstr("trains the best trial for ever"));
  EXPECT_THAT(asha.check(stopping("pasha", true), budget(4, 9)),
              HasSubstr("asha.pasha is for type: promotion"));
  EXPECT_EQ(asha.check({}, budget(4)), "") << "an infinite horizon";
  EXPECT_THAT(asha.check(options_of({{"brackets", std::int64_t{2}}}), budget(4)),
              HasSubstr("asha.brackets needs asha.max_steps"));
  EXPECT_THAT(asha.check(options_of({{"brackets", std::int64_t{2}}, {"pasha", true}}), budget(4, 9)),
              HasSubstr("one bracket"));
  EXPECT_THAT(asha.check(options_of({{"min_steps", std::int64_t{10}}}), budget(4, 9)), HasSubstr("lower it"));
  EXPECT_THAT(asha.check(options_of({{"brackets", std::int64_t{4}}}), budget(4, 9)),
              HasSubstr("the 3 rungs of 9 steps"));
  const std::int64_t five = 5;
  EXPECT_THAT(asha.check(options_of({{"brackets", five}}), budget(4, 52)),
              HasSubstr("the 4 rungs of 52 steps"));
  EXPECT_EQ(asha.check(options_of({{"brackets", five}, {"min_steps", std::int64_t{1}}}), budget(4, 52)), "");
  EXPECT_THAT(asha.check(options_of({{"max_steps", std::int64_t{10}}}), budget(4, 9)),
              HasSubstr("remove one of the two"));
  EXPECT_THAT(asha.check({}, budget(4, kMaxRungStep + 1)), HasSubstr("too long"));
}

const std::int64_t kTwice = 2;

/// Rungs 1, 2, 4; of four trials, trials 0 and 1 stand in rung 1 with 0.1 and 0.2.
Bench before_the_last_rung(std::int64_t again) {
  Bench bench("asha",
              options_of({{"max_steps", std::int64_t{4}}, {"eta", std::int64_t{2}}, {"re_evaluate", again}}),
              budget(4));
  for (int i = 0; i < 4; ++i) bench.next_new();
  for (TrialId i = 0; i < 4; ++i) bench.reach(i, 0.1 * static_cast<double>(i + 1));
  EXPECT_EQ(bench.next_continue().trial, 0) << "not the last rung: nobody is measured again";
  EXPECT_EQ(bench.next_continue().trial, 1);
  bench.reach(0, 0.1);
  bench.reach(1, 0.2);
  return bench;
}

TEST(AshaAgain, MeasuresACandidateAgainBeforeTheLastRung) {
  Bench bench = before_the_last_rung(kTwice);
  const Rerun first = bench.next_rerun();
  EXPECT_EQ(first.trial, 0);
  EXPECT_EQ(first.until, 2);
  EXPECT_EQ(first.reason,
            "rung 1 (2 steps): 0.1 is among the best 1 of 2; trial 0 is measured again, 1 of 2");
  EXPECT_EQ(bench.next_rerun().trial, 0);
  EXPECT_FALSE(bench.next()) << "trial 0 isn't promoted before, and trial 1 is not among the best";
  bench.reach(4, 0.15);
  ASSERT_EQ(bench.stops.size(), 1u);
  EXPECT_EQ(bench.stops[0].trial, 4);
  EXPECT_EQ(bench.stops[0].other_trial, 0);
  EXPECT_EQ(bench.stops[0].reason, "measured again: 0.15, and 0.1 before");
  EXPECT_FALSE(bench.next());
  bench.reach(5, 0.17);
  const Continue promoted = bench.next_continue();
  EXPECT_EQ(promoted.trial, 0);
  EXPECT_EQ(promoted.until, 4);
  EXPECT_EQ(promoted.reason, "rung 1 (2 steps): 0.14 (mean of 3) is among the best 1 of 2");
  EXPECT_FALSE(bench.next());
}

TEST(AshaAgain, OneThatWasLuckyGivesWayToTheNextWhichIsMeasuredAgainToo) {
  Bench bench = before_the_last_rung(1);
  EXPECT_EQ(bench.next_rerun().trial, 0);
  bench.reach(4, 0.5);
  EXPECT_EQ(bench.next_rerun().trial, 1) << "0.2 is better than a mean of 0.3";
  bench.reach(5, 0.6);
  const Continue promoted = bench.next_continue();
  EXPECT_EQ(promoted.trial, 0) << "0.3 is better than a mean of 0.4; nobody is measured a third time";
  EXPECT_THAT(promoted.reason, HasSubstr("0.3 (mean of 2)"));
}

TEST(AshaAgain, ARerunThatFailsDoesNotCountAndOneWithoutAFiniteScoreIsTheWorst) {
  Bench bench = before_the_last_rung(kTwice);
  bench.next_rerun();
  bench.next_rerun();
  bench.fail(4);
  bench.fail(5);
  const Continue promoted = bench.next_continue();
  EXPECT_EQ(promoted.trial, 0);
  EXPECT_THAT(promoted.reason, HasSubstr(": 0.1 is among")) << "it was measured once";

  Bench other = before_the_last_rung(1);
  other.next_rerun();
  other.reach(4, kWorst);
  EXPECT_EQ(other.next_rerun().trial, 1);
  other.reach(5, 0.3);
  EXPECT_EQ(other.next_continue().trial, 1);
  EXPECT_FALSE(other.next()) << "half of its runs come to nothing";
}

TEST(AshaAgain, OthersGoOnMeanwhileAndTheBudgetDoesNotCountReruns) {
  Bench bench("asha",
              options_of({{"max_steps", std::int64_t{2}}, {"eta", std::int64_t{2}}, {"re_evaluate", kTwice}}),
              budget(3));
  bench.next_new();
  bench.next_new();
  bench.reach(0, 0.1);
  bench.reach(1, 0.2);
  bench.next_rerun();
  bench.next_rerun();
  EXPECT_EQ(bench.next_new().until, 1) << "the third trial of three";
  bench.reach(4, 0.05);
  EXPECT_EQ(bench.next_rerun().trial, 4) << "the best of three now";
  EXPECT_EQ(bench.next_rerun().trial, 4);
  EXPECT_FALSE(bench.next());
}

TEST(AshaAgain, SaysWhatItCanNotDo) {
  const SchedulerInfo& asha = *find_scheduler("asha");
  const Options again = options_of({{"re_evaluate", std::int64_t{1}}});
  EXPECT_EQ(asha.check(again, budget(4, 9)), "");
  EXPECT_EQ(
      asha.check(again, budget(4)),
      "asha.re_evaluate needs asha.max_steps or budget.steps_per_trial, as there is no last rung without");
  EXPECT_EQ(asha.check(options_of({{"re_evaluate", std::int64_t{1}}, {"type", std::string("stopping")}}),
                       budget(4, 9)),
            "asha.re_evaluate is for type: promotion; remove one of the two");
}

}  // namespace
}  // namespace coppice
