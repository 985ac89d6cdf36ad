#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <utility>

#include "bench.hpp"
#include "schedulers/pbt/standings.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

SchedulerSetup steps(Step steps_per_trial) {
  SchedulerSetup setup;
  setup.steps_per_trial = steps_per_trial;
  return setup;
}

Options pbt(std::int64_t population, std::vector<std::pair<std::string, OptionValue>> more = {}) {
  more.emplace_back("population", population);
  more.emplace_back("interval", std::int64_t{10});
  return options_of(std::move(more));
}

const std::pair<std::string, OptionValue> kSynchronous = {"synchronous", true};

/// A population whose members (and trials) 0, 1, … all train their first segment, each on the worker of its
/// number.
void begin_all(Bench& bench, MemberId population) {
  for (MemberId member = 0; member < population; ++member) {
    const NewTrial fresh = bench.next_new(member);
    EXPECT_EQ(fresh.member, member);
    EXPECT_EQ(fresh.until, 10);
  }
  EXPECT_FALSE(bench.next()) << "a population is as large as it is";
}

// ---- truncation
// ---------------------------------------------------------------------------------------------------------

TEST(Pbt, TruncationSize) {
  EXPECT_EQ(truncation_size(0.25, 1), 0);
  EXPECT_EQ(truncation_size(0.25, 2), 1);
  EXPECT_EQ(truncation_size(0.25, 3), 1);
  EXPECT_EQ(truncation_size(0.25, 8), 2);
  EXPECT_EQ(truncation_size(0.2, 40), 8);
  EXPECT_EQ(truncation_size(0.5, 5), 2);
  EXPECT_EQ(truncation_size(0, 10), 1);
}

// ---- synchronous
// --------------------------------------------------------------------------------------------------------

TEST(PbtSynchronous, AllWaitAndAreJudgedInTheOrderOfMembers) {
  Bench bench("pbt", pbt(8, {kSynchronous}), steps(30));
  begin_all(bench, 8);
  const double scores[] = {0.5, 0.9, 0.1, 0.3, 0.8, 0.4, 0.2, 0.6};
  for (const TrialId trial : {7, 1, 0, 3, 2, 6, 5}) bench.reach(trial, scores[trial]);
  EXPECT_FALSE(bench.next()) << "member 4 is still under way";
  bench.reach(4, scores[4]);
  EXPECT_EQ(bench.next_continue().trial, 0);
  const Clone first = bench.next_clone();
  EXPECT_EQ(first.member, 1);
  EXPECT_TRUE(first.origin.trial == 2 || first.origin.trial == 6) << "one of the best two";
  EXPECT_EQ(first.origin.step, 10);
  EXPECT_EQ(first.base, first.origin.trial);
  EXPECT_EQ(first.until, 20);
  EXPECT_EQ(first.kind, DecisionKind::kExploit);
  EXPECT_THAT(first.reason, StartsWith("step 10: rank 8 of 8 (0.9), cloned from trial "));
  ASSERT_THAT(bench.stops, SizeIs(1));
  EXPECT_EQ(bench.stops[0].trial, 1);
  EXPECT_EQ(bench.stops[0].other_trial, first.origin.trial);
  EXPECT_EQ(bench.next_continue().trial, 2);
  const Continue third = bench.next_continue();
  EXPECT_EQ(third.trial, 3);
  EXPECT_EQ(third.until, 20);
  EXPECT_EQ(third.kind, DecisionKind::kContinue);
  EXPECT_EQ(third.reason, "step 10: rank 3 of 8 (0.3)");
  EXPECT_EQ(bench.next_clone().member, 4);
  for (const TrialId trial : {5, 6, 7}) EXPECT_EQ(bench.next_continue().trial, trial);
  EXPECT_FALSE(bench.next());
}

TEST(PbtSynchronous, EqualScoresGoToTheOlderTrial) {
  Bench bench("pbt", pbt(2, {kSynchronous}), steps(30));
  begin_all(bench, 2);
  bench.reach(1, 0.5);
  bench.reach(0, 0.5);
  EXPECT_EQ(bench.next_continue().trial, 0);
  const Clone clone = bench.next_clone();
  EXPECT_EQ(clone.member, 1);
  EXPECT_EQ(clone.origin.trial, 0);
  EXPECT_EQ(clone.reason, "step 10: rank 2 of 2 (0.5), cloned from trial 0, rank 1 (0.5)");
}

TEST(PbtSynchronous, ScoresThatAreNotFiniteAreReplacedBeyondTheQuantile) {
  Bench bench("pbt", pbt(4, {kSynchronous}), steps(30));
  begin_all(bench, 4);
  for (const TrialId trial : {0, 1, 2}) bench.reach(trial, kWorst);
  bench.reach(3, 0.7);
  for (MemberId member = 0; member < 3; ++member) {
    const Clone clone = bench.next_clone();
    EXPECT_EQ(clone.member, member);
    EXPECT_EQ(clone.origin.trial, 3);
  }
  EXPECT_EQ(bench.next_continue().trial, 3);
}

TEST(PbtSynchronous, WithoutAnyFiniteScoreAllGoOn) {
  Bench bench("pbt", pbt(3, {kSynchronous}), steps(30));
  begin_all(bench, 3);
  for (const TrialId trial : {0, 1, 2}) bench.reach(trial, kWorst);
  for (const TrialId trial : {0, 1, 2}) EXPECT_EQ(bench.next_continue().trial, trial);
}

TEST(PbtSynchronous, AFailedMemberIsReplacedWhenAllAreJudged) {
  Bench bench("pbt", pbt(3, {kSynchronous}), steps(30));
  begin_all(bench, 3);
  bench.fail(0);
  bench.reach(1, 0.2);
  EXPECT_FALSE(bench.next());
  bench.reach(2, 0.1);
  const Clone clone = bench.next_clone();
  EXPECT_EQ(clone.member, 0);
  EXPECT_EQ(clone.origin.trial, 2);
  EXPECT_EQ(clone.reason, "step 10: trial 0 failed, cloned from trial 2, rank 1 (0.1)");
  EXPECT_THAT(bench.stops, IsEmpty()) << "it is over already";
  EXPECT_EQ(bench.next_clone().member, 1) << "the worse of two";
  EXPECT_EQ(bench.next_continue().trial, 2);
}

TEST(PbtSynchronous, WhereTheLastOneFailsTheOthersAreJudged) {
  Bench bench("pbt", pbt(3, {kSynchronous}), steps(30));
  begin_all(bench, 3);
  bench.reach(0, 0.2);
  bench.reach(1, 0.1);
  bench.fail(2);
  EXPECT_EQ(bench.next_clone().member, 0);
  EXPECT_EQ(bench.next_continue().trial, 1);
  EXPECT_EQ(bench.next_clone().member, 2);
}

TEST(PbtSynchronous, ALostOriginIsMadeUpForAtOnce) {
  Bench bench("pbt", pbt(8, {kSynchronous}), steps(30));
  begin_all(bench, 8);
  for (TrialId trial = 0; trial < 8; ++trial) bench.reach(trial, static_cast<double>(trial));
  for (TrialId trial = 0; trial < 6; ++trial) bench.next_continue();
  const Clone first = bench.next_clone();
  bench.next_clone();
  bench.lose_checkpoint(first.origin.trial, 10);
  bench.lose_origin(8);
  const Clone again = bench.next_clone();
  EXPECT_EQ(again.member, 6);
  EXPECT_EQ(again.origin.trial, 1 - first.origin.trial) << "the other one of the best two";
}

TEST(PbtSynchronous, WhenNobodyIsLeftThereIsNothingToDo) {
  Bench bench("pbt", pbt(2, {kSynchronous}), steps(30));
  begin_all(bench, 2);
  bench.fail(0);
  bench.fail(1);
  EXPECT_FALSE(bench.next());
}

TEST(PbtSynchronous, NoDecisionAtTheLastStep) {
  Bench bench("pbt", pbt(2, {kSynchronous}), steps(15));
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  bench.reach(1, 0.2);
  EXPECT_EQ(bench.next_continue().until, 15);
  EXPECT_EQ(bench.next_clone().until, 15);
  bench.reach(0, 0.1);
  bench.reach(2, 0.2);
  EXPECT_FALSE(bench.next());
  EXPECT_THAT(bench.stops, SizeIs(1));
}

// ---- tiny and degenerate populations
// ------------------------------------------------------------------------------------

TEST(Pbt, APopulationOfOneTrainsOn) {
  for (const bool synchronous : {true, false}) {
    Bench bench("pbt", pbt(1, {{"synchronous", synchronous}}), steps(30));
    begin_all(bench, 1);
    bench.reach(0, 0.5);
    EXPECT_EQ(bench.next_continue().until, 20);
    bench.reach(0, kWorst);
    EXPECT_EQ(bench.next_continue().until, 30);
    bench.fail(0);
    EXPECT_FALSE(bench.next());
    EXPECT_TRUE(bench.holds.empty());
  }
}

TEST(Pbt, NobodyIsCopiedAndEverybodyExplores) {
  for (const bool synchronous : {true, false}) {
    Bench bench("pbt", pbt(2, {{"synchronous", synchronous}, {"exploit", std::string("none")}}), steps(20));
    begin_all(bench, 2);
    bench.reach(0, 0.1);
    bench.reach(1, 0.9);
    for (TrialId trial = 0; trial < 2; ++trial) {
      const Clone clone = bench.next_clone();
      EXPECT_EQ(clone.member, trial);
      EXPECT_EQ(clone.origin.trial, trial);
      EXPECT_EQ(clone.base, trial);
      EXPECT_EQ(clone.kind, DecisionKind::kExplore);
    }
    EXPECT_THAT(bench.stops, SizeIs(2));
    bench.fail(2);
    EXPECT_FALSE(bench.next()) << "nobody is copied: a failed member ends";
    EXPECT_TRUE(bench.holds.empty()) << "its own state is held only until the clone is there";
  }
}

TEST(Pbt, NeitherCopiedNorExplored) {
  for (const bool synchronous : {true, false}) {
    Bench bench("pbt",
                pbt(2, {{"synchronous", synchronous},
                        {"exploit", std::string("none")},
                        {"explore", std::string("none")}}),
                steps(20));
    begin_all(bench, 2);
    bench.reach(0, 0.1);
    bench.reach(1, kWorst);
    EXPECT_EQ(bench.next_continue().trial, 0);
    EXPECT_EQ(bench.next_continue().trial, 1);
    EXPECT_THAT(bench.stops, IsEmpty());
  }
}

TEST(Pbt, ExploitOnlyCopiesTheStateAndKeepsItsOwnHyperparameters) {
  Bench bench("pbt", pbt(2, {kSynchronous, {"explore", std::string("none")}}), steps(30));
  begin_all(bench, 2);
  bench.reach(0, 0.9);
  bench.reach(1, 0.1);
  const Clone clone = bench.next_clone();
  EXPECT_EQ(clone.origin.trial, 1);
  EXPECT_EQ(clone.base, 0);
}

TEST(Pbt, WithoutCheckpointsEverybodyTrainsOn) {
  for (const bool synchronous : {true, false}) {
    for (const char* exploit : {"truncation", "none"}) {
      Bench bench("pbt", pbt(2, {{"synchronous", synchronous}, {"exploit", std::string(exploit)}}),
                  steps(20));
      bench.saves = false;
      begin_all(bench, 2);
      bench.reach(0, 0.1);
      bench.reach(1, 0.9);
      EXPECT_EQ(bench.next_continue().trial, 0);
      EXPECT_EQ(bench.next_continue().trial, 1);
    }
  }
}

// ---- asynchronous
// -------------------------------------------------------------------------------------------------------

TEST(PbtAsynchronous, TheLeastAdvancedGoesFirstThenTheWorkersOwn) {
  Bench bench("pbt", pbt(4), steps(50));
  for (int i = 0; i < 2; ++i) bench.next_new(i);
  bench.reach(0, 0.5);
  EXPECT_EQ(bench.next_new(0).member, 2) << "one that has not begun is the least advanced";
  bench.reach(1, 0.4);
  EXPECT_EQ(bench.next_new(1).member, 3);
  bench.reach(3, 0.3);
  bench.reach(2, 0.6);
  // All stand at 10. Worker 1 trained members 1 and 3 last: the earlier arrival of the two.
  EXPECT_EQ(bench.next_continue(1).trial, 1);
  EXPECT_EQ(bench.next_continue(1).trial, 3);
  EXPECT_EQ(bench.next_continue(1).trial, 0);
  EXPECT_EQ(bench.next_clone(1).member, 2);
}

TEST(PbtAsynchronous, ManyMembersShareFewWorkersFairly) {
  Bench bench("pbt", pbt(24), steps(100));
  std::deque<std::pair<WorkerId, TrialId>> busy;  // all segments take as long
  const auto give = [&](WorkerId worker) {
    const auto work = bench.next(worker);
    if (!work) return;
    const auto* more = std::get_if<Continue>(&*work);
    busy.emplace_back(worker, more != nullptr ? more->trial : bench.board().size() - 1);
  };
  for (WorkerId worker = 0; worker < 3; ++worker) give(worker);
  while (!busy.empty()) {
    const auto [worker, trial] = busy.front();
    busy.pop_front();
    bench.reach(trial, 0.01 * static_cast<double>(trial));
    give(worker);
    Step least = 100;
    Step most = 0;
    for (const Trial& each : bench.board().trials()) {
      if (each.state == TrialState::kStopped) continue;
      const Step done = each.state == TrialState::kRunning ? each.until : each.stands_at;
      least = std::min(least, done);
      most = std::max(most, done);
    }
    if (bench.board().size() >= 24) {
      EXPECT_LE(most - least, 20) << "nobody is far ahead";
    }
  }
}

TEST(PbtAsynchronous, ComparesAtEqualStepsOnly) {
  Bench bench("pbt", pbt(4), steps(50));
  begin_all(bench, 4);
  bench.reach(0, 0.9);
  const Continue alone = bench.next_continue(0);
  EXPECT_EQ(alone.reason, "step 10: no one to compare with yet");
  bench.reach(0, 0.05);  // at 20, better than the others will be at 10
  bench.reach(1, 0.5);
  bench.reach(2, 0.4);
  EXPECT_EQ(bench.next_continue(1).trial, 1) << "rank 2 of 3 at step 10";
  EXPECT_EQ(bench.next_continue(2).trial, 2);
  const Clone clone = bench.next_clone(0);
  EXPECT_EQ(clone.member, 0) << "at step 10 it was the worst, however good it is at 20";
  EXPECT_EQ(clone.origin.trial, 2);
  EXPECT_EQ(clone.origin.step, 10);
  EXPECT_EQ(clone.until, 20);
  EXPECT_EQ(clone.reason, "step 10: rank 3 of 3 (0.9), cloned from trial 2, rank 1 (0.4)");
}

TEST(PbtAsynchronous, AScoreOfALeftLineOfDescentCountsNoMore) {
  Bench bench("pbt", pbt(2), steps(50));
  begin_all(bench, 2);
  bench.reach(0, 0.9);
  bench.next_continue(0);
  bench.reach(0, 0.8);  // at 20
  bench.reach(1, 0.1);
  EXPECT_EQ(bench.next_continue(1).trial, 1);
  EXPECT_EQ(bench.next_clone(0).origin.step, 10);
  bench.reach(1, 0.09);  // at 20, where trial 0 stood once
  EXPECT_EQ(bench.next_continue(1).reason, "step 20: no one to compare with yet");
}

TEST(PbtAsynchronous, IsJudgedAtTheLargestStepThatHalfHavePassed) {
  Bench bench("pbt", pbt(4), steps(90));
  begin_all(bench, 4);
  bench.reach(3, 0.9);
  bench.next_continue(3);
  bench.reach(3, 0.9);
  bench.next_continue(3);  // member 3 will stand at 30
  for (const TrialId trial : {0, 1}) {
    bench.reach(trial, 0.1 + 0.1 * static_cast<double>(trial));
    bench.next_continue(static_cast<WorkerId>(trial));
  }
  bench.reach(0, 0.1);  // at 20
  bench.reach(3, 0.9);  // at 30
  EXPECT_EQ(bench.next_continue(0).trial, 0) << "rank 1 of 2 at step 20";
  const Clone clone = bench.next_clone(3);
  EXPECT_EQ(clone.member, 3);
  EXPECT_EQ(clone.origin.step, 20) << "not 10, and at 30 it stands alone";
  EXPECT_EQ(clone.origin.trial, 0) << "whose state of step 20 was held, though it has gone on";
}

TEST(PbtAsynchronous, HoldsAtMostKForEachStepAndLetsGo) {
  Bench bench("pbt", pbt(4), steps(40));
  begin_all(bench, 4);
  for (Step step = 10; step <= 40; step += 10) {
    std::map<MemberId, TrialId> standing;
    for (const Trial& trial : bench.board().trials()) {
      if (!is_over(trial.state)) standing[trial.member] = trial.id;
    }
    for (const auto& [member, trial] : standing) bench.reach(trial, 0.1 * (member + 1));
    EXPECT_LE(bench.holds.size(), 2u) << "one for the step before, one for this";
    if (step < 40) {
      for (int i = 0; i < 4; ++i) ASSERT_TRUE(bench.next(i));
    }
  }
  EXPECT_FALSE(bench.next());
  EXPECT_THAT(bench.holds, IsEmpty());
}

TEST(PbtAsynchronous, AFailedMemberIsReplacedAsSoonAsThereIsADonor) {
  Bench bench("pbt", pbt(4), steps(50));
  begin_all(bench, 4);
  bench.fail(0);
  EXPECT_FALSE(bench.next(0)) << "nobody stands anywhere yet";
  bench.reach(1, 0.5);
  const Clone clone = bench.next_clone(0);
  EXPECT_EQ(clone.member, 0);
  EXPECT_EQ(clone.origin.trial, 1);
  EXPECT_EQ(clone.reason, "step 10: trial 0 failed, cloned from trial 1, rank 1 (0.5)");
}

TEST(PbtAsynchronous, AFailedMemberIsNoDonor) {
  Bench bench("pbt", pbt(2), steps(50));
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  bench.next_continue(0);
  bench.fail(0);
  bench.reach(1, 0.9);
  const Continue on = bench.next_continue(1);
  EXPECT_EQ(on.trial, 1) << "the better one failed";
  EXPECT_EQ(on.reason, "step 10: rank 2 of 2 (0.9), but no donor");
  const Clone clone = bench.next_clone(0);
  EXPECT_EQ(clone.origin.trial, 1);
}

TEST(PbtAsynchronous, OneThatEndedEarlyIsNoDonor) {
  Bench bench("pbt", pbt(2), steps(50));
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  bench.next_continue(0);
  bench.end_early(0, 13, 0.01);
  bench.reach(1, 0.9);
  EXPECT_EQ(bench.next_continue(1).trial, 1);
}

TEST(PbtAsynchronous, ADivergedMemberIsReplacedAtTheLargestStepWithDonors) {
  Bench bench("pbt", pbt(4), steps(50));
  begin_all(bench, 4);
  for (TrialId trial = 0; trial < 4; ++trial) bench.reach(trial, 0.1 * static_cast<double>(trial + 1));
  for (WorkerId worker = 0; worker < 3; ++worker) bench.next_continue(worker);
  bench.next_clone(3);
  bench.reach(1, kWorst);  // at 20, alone there
  const Clone clone = bench.next_clone(1);
  EXPECT_EQ(clone.member, 1);
  EXPECT_EQ(clone.origin.trial, 0);
  EXPECT_EQ(clone.origin.step, 10) << "nobody else has a finite score at 20";
  EXPECT_THAT(clone.reason, HasSubstr("step 10: no finite score since"));
}

TEST(PbtAsynchronous, WhatAlwaysFailsEnds) {
  Bench bench("pbt", pbt(2), steps(30));
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  bench.next_continue(0);
  int clones = 0;
  bench.fail(1);
  while (const auto work = bench.next(1)) {
    ASSERT_LT(++clones, 10);
    bench.fail(bench.board().size() - 1);
  }
  EXPECT_EQ(clones, 2) << "three failures in a row";
}

TEST(PbtAsynchronous, WhatAlwaysDivergesIsNotReplacedForEverAndEnds) {
  Bench bench("pbt", pbt(2), steps(30));
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  bench.reach(1, 0.2);
  bench.next_continue(0);
  bench.next_clone(1);
  int clones = 0;
  while (true) {
    bench.reach(bench.board().size() - 1, kWorst);  // at 20
    const auto work = bench.next(1);
    if (!work) break;
    ASSERT_LT(++clones, 10);
  }
  EXPECT_EQ(clones, 2);
  EXPECT_EQ(bench.stops.back().reason, "step 20: no finite score, 3 times in a row: the member ends");
}

TEST(PbtAsynchronous, ALostOriginIsMadeUpFor) {
  Bench bench("pbt", pbt(4), steps(50));
  begin_all(bench, 4);
  for (TrialId trial = 0; trial < 4; ++trial) bench.reach(trial, 0.1 * static_cast<double>(trial + 1));
  for (WorkerId worker = 0; worker < 3; ++worker) bench.next_continue(worker);
  bench.next_clone(3);
  bench.lose_checkpoint(0, 10);
  bench.lose_origin(4);
  EXPECT_FALSE(bench.next(3)) << "no other state of the best quarter";
  bench.reach(1, 0.15);
  bench.reach(2, 0.25);
  EXPECT_EQ(bench.next_clone(3).origin.step, 20);
}

TEST(PbtAsynchronous, IgnoresTheBudgetBeyondThePopulation) {
  SchedulerSetup setup = steps(20);
  setup.max_trials = 200;
  Bench bench("pbt", pbt(3), setup);
  begin_all(bench, 3);
}

TEST(Pbt, MessagesSayTheFix) {
  const SchedulerInfo& entry = *find_scheduler("pbt");
  EXPECT_EQ(entry.check(pbt(8), {}), "pbt needs budget.steps_per_trial");
  SchedulerSetup setup = steps(20);
  EXPECT_EQ(entry.check(pbt(8), setup), "");
  setup.max_trials = 4;
  EXPECT_THAT(entry.check(pbt(8), setup), StartsWith("budget.trials 4 is less than pbt.population 8"));
  setup.max_trials = 8;
  EXPECT_EQ(entry.check(pbt(8), setup), "");
  setup.deterministic = true;
  EXPECT_EQ(entry.check(pbt(8), setup), "") << "synchronous is implied";
  EXPECT_THAT(entry.check(pbt(8, {{"synchronous", false}}), setup), HasSubstr("order of arrival"));
  EXPECT_THAT(entry.check(pbt(8, {{"factors", std::vector<double>{}}}), setup),
              HasSubstr("name at least one"));
  setup.has_target = true;
  EXPECT_THAT(entry.check(pbt(8), setup), HasSubstr("depends on timing"));
}

TEST(Pbt, DeterministicMeansSynchronous) {
  SchedulerSetup setup = steps(20);
  setup.deterministic = true;
  Bench bench("pbt", pbt(2), setup);
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  EXPECT_FALSE(bench.next()) << "it waits for the other";
}

}  // namespace
}  // namespace coppice
