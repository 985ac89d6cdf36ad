// PBT where all members wait for each other: who is cloned from whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pbt_population.hpp"

namespace coppice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

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

}  // namespace
}  // namespace coppice
