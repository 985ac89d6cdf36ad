// Iterated PBT: who stays, who gives way, when the population restarts and what becomes of its members then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.hpp"
#include "schedulers/pbt/stagnation.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;
using Items = std::vector<std::pair<std::string, OptionValue>>;

Bench bench_of_ipbt(std::int64_t population, Step steps, Items more = {},
                    std::optional<std::int64_t> max_trials = std::nullopt) {
  more.emplace_back("population", population);
  more.emplace_back("interval", std::int64_t{10});
  SchedulerSetup setup;
  setup.steps_per_trial = steps;
  setup.max_trials = max_trials;
  return Bench("ipbt", options_of(std::move(more)), setup);
}

/// What all running trials have at the end of their segments, by member; returns the work that follows.
template <class Score>
std::map<MemberId, Work> round(Bench& bench, Score score) {
  for (const Trial& trial : std::vector<Trial>(bench.board().trials())) {
    if (trial.state == TrialState::kRunning) bench.reach(trial.id, score(trial.member));
  }
  std::map<MemberId, Work> works;
  while (const auto work = bench.next()) {
    const auto* more = std::get_if<Continue>(&*work);
    const auto* clone = std::get_if<Clone>(&*work);
    const MemberId member = more    ? bench.board().trial(more->trial).member
                            : clone ? clone->member
                                    : std::get<NewTrial>(*work).member;
    EXPECT_TRUE(works.emplace(member, *work).second) << "one turn for each";
  }
  return works;
}

void begin_members(Bench& bench, MemberId count) {
  for (MemberId member = 0; member < count; ++member) EXPECT_EQ(bench.next_new().until, 10);
  EXPECT_FALSE(bench.next());
}

/// Three comparisons after the best one none of which is better, by the median of three.
std::map<MemberId, Work> stagnate(Bench& bench) {
  std::map<MemberId, Work> works;
  for (int i = 0; i < 4; ++i) works = round(bench, [](MemberId member) { return 0.1 * (member + 1); });
  return works;
}

// ---- the rule ----

TEST(Stagnation, AfterThreeComparisonsThatAreNoBetter) {
  Stagnation rule;
  for (const double best : {3.0, 2.0, 1.0}) rule.add(best);
  EXPECT_EQ(rule.verdict(), "");
  rule.add(1.0);  // the median is 1 from here on
  rule.add(1.0);
  rule.add(kWorst);  // doesn't count
  rule.add(0.2);     // a single one, which the median leaves out
  EXPECT_EQ(rule.verdict(), "") << "1 came two comparisons after the first 2";
  rule.add(1.0);
  EXPECT_EQ(rule.verdict(), "no better for 3 comparisons");
}

TEST(Stagnation, AGainThatNoiseWouldExplain) {
  // Smoothed it gets better all the time, though by little for what it varies.
  Stagnation noisy;
  Stagnation clear;
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(noisy.verdict(), "") << i;
    noisy.add(-1e-3 * i + (i % 3 == 1 ? 5 : 0));
    clear.add(-1e-3 * i);
  }
  EXPECT_EQ(noisy.verdict(), "less than a standard deviation better in 15 comparisons");
  EXPECT_EQ(clear.verdict(), "");
}

// ---- comparisons ----

TEST(Ipbt, TwiceTheMembersBeginAndTheBetterHalfStays) {
  Bench bench = bench_of_ipbt(2, 100);
  begin_members(bench, 4);
  bench.reach(0, 0.3);
  bench.reach(1, 0.1);
  bench.fail(2);
  EXPECT_FALSE(bench.next()) << "all wait for each other";
  bench.reach(3, 0.2);
  EXPECT_EQ(bench.next_continue().trial, 1) << "no one else gives way then";
  const Continue second = bench.next_continue();
  EXPECT_EQ(second.trial, 3);
  EXPECT_EQ(second.until, 20);
  EXPECT_EQ(second.reason, "population step 10: rank 2 of 2 (0.2)");
  EXPECT_FALSE(bench.next());
  ASSERT_EQ(bench.stops.size(), 1u);
  EXPECT_EQ(bench.stops[0].trial, 0);
  EXPECT_EQ(bench.stops[0].reason, "population step 10: rank 3 of 3 (0.3), the best 2 stay");
}

TEST(Ipbt, ThenTheWorstQuarterCopiesOneOfTheBest) {
  Bench bench = bench_of_ipbt(4, 100);
  begin_members(bench, 8);
  round(bench, [](MemberId member) { return 0.1 * member; });
  auto works = round(bench, [](MemberId member) { return 0.1 * member; });
  ASSERT_EQ(works.size(), 4u);
  const Clone clone = std::get<Clone>(works.at(3));
  EXPECT_EQ(clone.origin.trial, 0);
  EXPECT_EQ(clone.origin.step, 20);
  EXPECT_EQ(clone.base, 0);
  EXPECT_EQ(clone.until, 30);
  EXPECT_EQ(clone.kind, DecisionKind::kExploit);
  EXPECT_EQ(clone.reason, "population step 20: rank 4 of 4 (0.3), cloned from trial 0, rank 1 (0)");
  for (const MemberId member : {0, 1, 2}) EXPECT_TRUE(std::holds_alternative<Continue>(works.at(member)));
}

TEST(Ipbt, WhatFailedOrDivergedCopiesFirstOfAll) {
  Bench bench = bench_of_ipbt(3, 100);
  begin_members(bench, 6);
  round(bench, [](MemberId member) { return 0.1 * member; });
  bench.fail(0);
  bench.reach(1, kWorst);
  bench.reach(2, 0.5);
  for (const TrialId trial : {0, 1}) {
    const Clone clone = bench.next_clone();
    EXPECT_EQ(clone.member, trial);
    EXPECT_EQ(clone.origin.trial, 2);
  }
  EXPECT_EQ(bench.next_continue().trial, 2);
}

TEST(Ipbt, ALostOriginIsMadeUpFor) {
  Bench bench = bench_of_ipbt(8, 100);
  begin_members(bench, 16);
  round(bench, [](MemberId member) { return 0.1 * member; });
  for (TrialId trial = 0; trial < 8; ++trial) bench.reach(trial, 0.1 * static_cast<double>(trial));
  for (TrialId trial = 0; trial < 6; ++trial) bench.next_continue();
  const Clone first = bench.next_clone();
  bench.next_clone();
  bench.lose_checkpoint(first.origin.trial, 20);
  bench.lose_origin(16);
  const Clone again = bench.next_clone();
  EXPECT_EQ(again.member, 6);
  EXPECT_EQ(again.origin.trial, 1 - first.origin.trial) << "the other one of the best two";
}

TEST(Ipbt, WhereNobodyHasAFiniteScoreForLongItIsOver) {
  Bench bench = bench_of_ipbt(2, 1000);
  begin_members(bench, 4);
  int rounds = 0;
  while (!round(bench, [](MemberId) { return kWorst; }).empty()) ASSERT_LT(++rounds, 10);
  EXPECT_EQ(rounds, 2);
  EXPECT_THAT(bench.stops.back().reason, HasSubstr("3 times in a row: the member ends"));
  EXPECT_TRUE(bench.holds.empty());
}

TEST(Ipbt, WhenAllFailThereIsNothingToDo) {
  Bench bench = bench_of_ipbt(1, 100);
  begin_members(bench, 2);
  bench.fail(0);
  bench.fail(1);
  EXPECT_FALSE(bench.next());
}

// ---- restarts ----

TEST(Ipbt, ARestartDoublesTheIntervalAndHalfBeginAfresh) {
  Bench bench = bench_of_ipbt(4, 200);
  begin_members(bench, 8);
  auto works = stagnate(bench);
  ASSERT_EQ(works.size(), 4u);
  for (const MemberId member : {0, 1}) {
    const Clone moved = std::get<Clone>(works.at(member));
    EXPECT_EQ(moved.origin.step, 40) << "from its own state";
    EXPECT_EQ(moved.origin.trial, member);
    EXPECT_EQ(moved.base, 0) << "with hyperparameters from one of the best";
    EXPECT_EQ(moved.until, 60);
    EXPECT_EQ(moved.kind, DecisionKind::kExplore);
  }
  for (const MemberId member : {2, 3}) EXPECT_EQ(std::get<NewTrial>(works.at(member)).until, 20);
  EXPECT_EQ(std::get<NewTrial>(works.at(2)).reason,
            "population step 40: rank 3 of 4 (0.3), restart with interval 20 as it was no better for 3 "
            "comparisons, begins afresh");
  // Compared at equal population steps: one from scratch that is better gives its state of its own step 20.
  works = round(bench, [](MemberId member) { return member == 2 ? 0.01 : 0.1 * (member + 1); });
  const Clone clone = std::get<Clone>(works.at(3));
  EXPECT_EQ(clone.origin.step, 20);
  EXPECT_EQ(clone.until, 40);
  EXPECT_EQ(std::get<Continue>(works.at(0)).until, 80);
  EXPECT_EQ(std::get<Continue>(works.at(2)).until, 40);
}

TEST(Ipbt, NobodyTrainsLongerThanThePopulation) {
  Bench bench = bench_of_ipbt(2, 85);
  begin_members(bench, 4);
  auto works = stagnate(bench);
  EXPECT_EQ(std::get<NewTrial>(works.at(1)).until, 20);
  works = round(bench, [](MemberId member) { return 0.1 * member; });
  works = round(bench, [](MemberId member) { return 0.1 * member; });
  ASSERT_EQ(works.size(), 2u);
  for (const auto& [member, work] : works) {
    if (const auto* clone = std::get_if<Clone>(&work)) {
      EXPECT_EQ(clone->until, 85);
      EXPECT_EQ(clone->origin.step, 80);
    } else {
      EXPECT_EQ(std::get<Continue>(work).until, 85);
    }
  }
  EXPECT_TRUE(round(bench, [](MemberId) { return 0.1; }).empty());
  EXPECT_TRUE(bench.holds.empty());
}

TEST(Ipbt, AFreshOneStopsAtThePopulationsLastStep) {
  Bench bench = bench_of_ipbt(2, 80);
  begin_members(bench, 4);
  stagnate(bench);
  round(bench, [](MemberId member) { return 1.0 - member; });  // the fresh one, 1, is better
  EXPECT_TRUE(round(bench, [](MemberId) { return 0.1; }).empty());
  EXPECT_EQ(bench.stops.back().reason, "population step 80: the last one");
}

TEST(Ipbt, NoRestartWhereFewerThanTwoIntervalsWouldBeLeft) {
  Bench enough = bench_of_ipbt(2, 80);
  begin_members(enough, 4);
  EXPECT_TRUE(std::holds_alternative<NewTrial>(stagnate(enough).at(1)));
  Bench late = bench_of_ipbt(2, 79);
  begin_members(late, 4);
  EXPECT_FALSE(std::holds_alternative<NewTrial>(stagnate(late).at(1)));
}

TEST(Ipbt, BeginsAfreshOnlyAsFarAsTheBudgetOfTrialsGoes) {
  Bench bench = bench_of_ipbt(4, 200, {}, 9);
  begin_members(bench, 8);
  const auto works = stagnate(bench);
  EXPECT_TRUE(std::holds_alternative<Clone>(works.at(2)));
  EXPECT_TRUE(std::holds_alternative<NewTrial>(works.at(3)));
}

TEST(Ipbt, KeepsAllStatesWithoutFreshOnes) {
  Bench bench = bench_of_ipbt(3, 200, {{"fresh", 0.0}});
  begin_members(bench, 6);
  for (const auto& [member, work] : stagnate(bench)) {
    EXPECT_EQ(std::get<Clone>(work).kind, DecisionKind::kExplore) << member;
  }
}

TEST(Ipbt, WithoutCheckpointsEverybodyTrainsOnOrBeginsAfresh) {
  Bench bench = bench_of_ipbt(2, 200);
  bench.saves = false;
  begin_members(bench, 4);
  const auto works = stagnate(bench);
  EXPECT_TRUE(std::holds_alternative<Continue>(works.at(0)));
  EXPECT_TRUE(std::holds_alternative<NewTrial>(works.at(1)));
}

TEST(Ipbt, MessagesSayTheFix) {
  const SchedulerInfo& entry = *find_scheduler("ipbt");
  SchedulerSetup setup;
  const Options eight = options_of({{"population", std::int64_t{8}}});
  EXPECT_EQ(entry.check(eight, setup), "ipbt needs budget.steps_per_trial");
  setup.steps_per_trial = 20;
  EXPECT_EQ(entry.check(eight, setup), "");
  EXPECT_EQ(entry.planned(eight, setup), 16);
  setup.max_trials = 15;
  EXPECT_THAT(entry.check(eight, setup),
              HasSubstr("budget.trials 15 is less than twice ipbt.population, 16"));
  setup.max_trials = 16;
  setup.deterministic = true;
  EXPECT_EQ(entry.check(eight, setup), "");
  Options learned = eight;
  learned.set("explore", std::string("pb2"));
  EXPECT_THAT(entry.check(learned, setup), HasSubstr("set fresh: 0, or explore: perturb"));
  learned.set("fresh", 0.0);
  EXPECT_EQ(entry.check(learned, setup), "");
}

}  // namespace
}  // namespace coppice
