// PBT where nobody waits: who goes first, at which step members are compared, and who is cloned from whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "pbt_population.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace coppice
