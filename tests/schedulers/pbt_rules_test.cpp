// What a population may be told to do: exploit rules, burn-in, quorum, return to the best, groups.
#include <gtest/gtest.h>

#include <array>

#include "pbt_population.hpp"
#include "schedulers/pbt/standings.hpp"
#include "schedulers/pbt/welch.hpp"

namespace coppice {
namespace {

using Items = std::vector<std::pair<std::string, OptionValue>>;

OptionValue word(const char* text) {
  return std::string(text);
}

Bench bench_of_rules(std::int64_t population, Step last, Items more) {
  return Bench("pbt", pbt(population, std::move(more)), steps(last));
}

// ---- Welch's test
// -------------------------------------------------------------------------------------------------------

TEST(Welch, TailsOfStudentsDistribution) {
  // Two-sided critical values of the tables.
  EXPECT_NEAR(student_tails(12.7062047, 1), 0.05, 1e-8);
  EXPECT_NEAR(student_tails(2.2281389, 10), 0.05, 1e-8);
  EXPECT_NEAR(student_tails(-2.8784405, 18), 0.01, 1e-8);
  EXPECT_NEAR(student_tails(0, 5), 1, 1e-12);
  EXPECT_NEAR(student_tails(1, 1), 0.5, 1e-8) << "Cauchy's";
  EXPECT_NEAR(student_tails(1e6, 3), 0, 1e-8);
}

TEST(Welch, UnequalVariances) {
  // By another implementation: scipy.stats.ttest_ind(a, b, equal_var=False).
  const std::array a = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1,
                        21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4};
  const std::array b = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0,
                        24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9};
  EXPECT_NEAR(welch_p(a, b), 0.00845273243744, 1e-9);
  EXPECT_NEAR(welch_p(b, a), welch_p(a, b), 1e-12);
}

TEST(Welch, TooLittleToTell) {
  const std::array one = {1.0};
  const std::array same = {2.0, 2.0};
  const std::array other = {3.0, 3.0};
  EXPECT_EQ(welch_p(one, same), 1);
  EXPECT_EQ(welch_p(same, same), 1);
  EXPECT_EQ(welch_p(same, other), 0);
}

// ---- exploit rules
// ------------------------------------------------------------------------------------------------------

TEST(PbtTournament, TheWorseOfTwoGivesWay) {
  Bench bench = bench_of_rules(2, 40, {{"exploit", word("tournament")}, {"synchronous", true}});
  begin_all(bench, 2);
  bench.reach(0, 0.5);
  bench.reach(1, 0.1);
  const Clone clone = bench.next_clone();
  EXPECT_EQ(clone.member, 0);
  EXPECT_EQ(clone.origin.trial, 1);
  EXPECT_EQ(clone.reason, "step 10: rank 2 of 2 (0.5), against rank 1, cloned from trial 1, rank 1 (0.1)");
  const Continue winner = bench.next_continue();
  EXPECT_EQ(winner.trial, 1);
  EXPECT_EQ(winner.reason, "step 10: rank 1 of 2 (0.1), against rank 2");
}

TEST(PbtTournament, EveryoneBetterMayBeTheDonorAndTheBestNeverGivesWay) {
  std::set<std::int64_t> ranks;
  Bench bench = bench_of_rules(16, 40, {{"exploit", word("tournament")}, {"synchronous", true}});
  begin_all(bench, 16);
  for (TrialId trial = 0; trial < 16; ++trial) bench.reach(trial, 0.1 * static_cast<double>(trial));
  EXPECT_EQ(bench.next_continue().trial, 0);
  for (TrialId trial = 1; trial < 16; ++trial) {
    const auto work = bench.next();
    ASSERT_TRUE(work);
    if (const auto* clone = std::get_if<Clone>(&*work)) {
      EXPECT_LT(clone->origin.trial, trial);
      ranks.insert(clone->origin.trial);
    }
  }
  EXPECT_GE(ranks.size(), 4u) << "not only the best quarter";
}

TEST(PbtTournament, WithoutAFiniteScoreOneOfTheBestIsTaken) {
  Bench bench = bench_of_rules(8, 40, {{"exploit", word("tournament")}, {"synchronous", true}});
  begin_all(bench, 8);
  bench.reach(0, kWorst);
  for (TrialId trial = 1; trial < 8; ++trial) bench.reach(trial, 0.1 * static_cast<double>(trial));
  EXPECT_LE(bench.next_clone().origin.trial, 2);
}

TEST(PbtTTest, GivesWayOnlyWhereTheReportsDiffer) {
  // One report for each segment: the first comparison has too few of them to tell, the later ones tell the
  // far ones apart.
  Bench bench = bench_of_rules(2, 100, {{"exploit", word("t_test")}, {"synchronous", true}});
  begin_all(bench, 2);
  bench.reach(0, 0.1);
  bench.reach(1, 9.0);
  EXPECT_EQ(bench.next_continue().trial, 0);
  EXPECT_EQ(bench.next_continue().reason, "step 10: rank 2 of 2 (9), against rank 1, p = 1");
  bench.reach(0, 0.11);
  bench.reach(1, 9.1);
  EXPECT_EQ(bench.next_continue().trial, 0);
  const Clone clone = bench.next_clone();
  EXPECT_EQ(clone.member, 1);
  EXPECT_EQ(clone.origin.trial, 0);
  // The clone's reports and its donor's are one line of descent now.
  bench.reach(0, 0.10);
  bench.reach(2, 0.12);
  EXPECT_EQ(bench.next_continue().trial, 0);
  EXPECT_EQ(bench.next_continue().trial, 2) << "0.1, 0.11, 0.12 against 0.1, 0.11, 0.10";
}

// ---- burn-in
// ------------------------------------------------------------------------------------------------------------

TEST(PbtBurnIn, NobodyGivesWayToABetterOneBefore) {
  for (const bool synchronous : {true, false}) {
    Bench bench = bench_of_rules(2, 50, {{"burn_in", std::int64_t{20}}, {"synchronous", synchronous}});
    begin_all(bench, 2);
    bench.reach(0, 0.9);
    bench.reach(1, 0.1);
    EXPECT_EQ(bench.next_continue(0).reason, "step 10: nobody is copied before step 20");
    bench.next_continue(1);
    bench.reach(0, 0.9);
    bench.reach(1, 0.1);
    EXPECT_EQ(bench.next_clone(0).origin.step, 20);
    EXPECT_EQ(bench.next_continue(1).trial, 1);
  }
}

TEST(PbtBurnIn, AFailedAndADivergedMemberAreReplacedAllTheSame) {
  for (const bool synchronous : {true, false}) {
    Bench bench = bench_of_rules(3, 50, {{"burn_in", std::int64_t{20}}, {"synchronous", synchronous}});
    begin_all(bench, 3);
    bench.fail(0);
    bench.reach(1, kWorst);
    bench.reach(2, 0.1);
    int clones = 0;
    for (int i = 0; i < 3; ++i) {
      const auto work = bench.next(static_cast<WorkerId>(i));
      ASSERT_TRUE(work);
      clones += std::holds_alternative<Clone>(*work) ? 1 : 0;
    }
    EXPECT_EQ(clones, 2);
  }
}

// ---- quorum
// -------------------------------------------------------------------------------------------------------------

TEST(PbtQuorum, StragglersAreNotWaitedForAndAreJudgedAtTheSameStep) {
  Bench bench = bench_of_rules(4, 50, {{"quorum", 0.75}, {"synchronous", true}});
  begin_all(bench, 4);
  bench.reach(0, 0.3);
  bench.reach(1, 0.1);
  EXPECT_FALSE(bench.next()) << "two of four";
  bench.reach(2, 0.2);
  EXPECT_EQ(bench.next_clone(0).member, 0) << "the worst of the three that are there";
  EXPECT_EQ(bench.next_continue(1).trial, 1);
  EXPECT_EQ(bench.next_continue(2).trial, 2);
  EXPECT_FALSE(bench.next());
  bench.reach(1, 0.05);  // at 20
  EXPECT_FALSE(bench.next()) << "one of four";
  bench.reach(3, 0.9);  // at 10
  const Clone late = bench.next_clone(3);
  EXPECT_EQ(late.member, 3);
  EXPECT_EQ(late.origin.step, 10) << "compared where it stands";
  EXPECT_EQ(late.origin.trial, 1) << "with a state that was kept for it";
  EXPECT_EQ(late.until, 20);
  bench.reach(2, 0.15);
  bench.reach(5, 0.07);
  EXPECT_EQ(bench.next_continue(1).trial, 1);
}

TEST(PbtQuorum, NeedsSynchronousAndIsTiming) {
  const SchedulerInfo& entry = *find_scheduler("pbt");
  SchedulerSetup setup;
  setup.steps_per_trial = 20;
  EXPECT_EQ(entry.check(options_of({{"population", std::int64_t{4}}, {"quorum", 0.5}}), setup),
            "pbt.quorum needs synchronous: true");
  setup.deterministic = true;
  EXPECT_EQ(entry.check(options_of({{"population", std::int64_t{4}}, {"quorum", 0.5}}), setup),
            "pbt with a quorum below 1 decides by the order of arrival; remove it or deterministic");
}

// ---- the best ever
// ------------------------------------------------------------------------------------------------------

TEST(PbtBacktrack, ClonesBeginFromTheBestEverOnceThePopulationIsPastIt) {
  Bench bench = bench_of_rules(2, 100, {{"backtrack", std::int64_t{2}}});
  begin_all(bench, 2);
  bench.reach(0, 0.1);  // the best ever
  bench.reach(1, 0.2);
  EXPECT_EQ(bench.next_continue(0).trial, 0);
  const Clone early = bench.next_clone(1);
  EXPECT_EQ(early.origin.step, 10);
  bench.reach(0, 0.4);
  bench.reach(2, 0.5);
  EXPECT_EQ(bench.next_continue(0).trial, 0);
  EXPECT_EQ(bench.next_clone(1).origin.step, 20) << "too early to go back";
  bench.reach(0, 0.6);
  bench.reach(3, 0.7);
  EXPECT_EQ(bench.next_continue(0).trial, 0);
  const Clone back = bench.next_clone(1);
  EXPECT_EQ(back.origin.trial, 0);
  EXPECT_EQ(back.origin.step, 10);
  EXPECT_EQ(back.until, 20);
  EXPECT_EQ(back.reason, "step 30: rank 2 of 2 (0.7), cloned from the best ever, trial 0 at step 10 (0.1)");
  EXPECT_TRUE(bench.holds.contains({0, 10}));
}

TEST(PbtBacktrack, ComesToAnEnd) {
  Bench bench = bench_of_rules(2, 60, {{"backtrack", std::int64_t{1}}});
  begin_all(bench, 2);
  int works = 0;
  double score = 0.1;
  while (true) {
    for (const Trial& trial : std::vector<Trial>(bench.board().trials())) {
      if (trial.state == TrialState::kRunning) bench.reach(trial.id, score += 0.1);
    }
    bool any = false;
    for (const WorkerId worker : {0, 1}) any = bench.next(worker).has_value() || any;
    if (!any) break;
    ASSERT_LT(++works, 100);
  }
  SUCCEED();
}

// ---- groups
// -------------------------------------------------------------------------------------------------------------

/// Groups {0, 2, 4, …} compared every 10 steps and {1, 3, 5, …} every 20.
Bench two_groups(std::int64_t population, bool synchronous) {
  return bench_of_rules(population, 100,
                        {{"frequencies", std::vector<double>{1, 2}}, {"synchronous", synchronous}});
}

TEST(PbtGroups, EachIsComparedAtItsOwnSteps) {
  for (const bool synchronous : {true, false}) {
    Bench bench = two_groups(4, synchronous);
    begin_all(bench, 4);
    for (const TrialId trial : {0, 1, 2, 3}) bench.reach(trial, 0.1 * static_cast<double>(trial + 1));
    EXPECT_EQ(bench.next_continue(0).trial, 0);
    EXPECT_EQ(bench.next_continue(1).trial, 1);
    const Clone clone = bench.next_clone(2);
    EXPECT_EQ(clone.member, 2);
    EXPECT_EQ(clone.origin.trial, 0);
    EXPECT_EQ(bench.next_continue(3).trial, 3) << "the worse one of the slow group, at 10";
    bench.reach(0, 0.1);
    bench.reach(4, 0.2);
    bench.reach(1, 0.3);
    bench.reach(3, 0.4);
    for (const WorkerId worker : {0, 2, 1, 3}) {
      const auto work = bench.next(worker);
      ASSERT_TRUE(work);
      if (const auto* slow = std::get_if<Clone>(&*work); slow != nullptr && slow->member == 3) {
        EXPECT_EQ(slow->origin.step, 20);
        EXPECT_EQ(slow->origin.trial, 1);
      }
    }
    EXPECT_EQ(bench.board().trial(3).state, TrialState::kStopped);
  }
}

TEST(PbtGroups, TheThirdQuarterTakesBetterStatesFromOthers) {
  // The fast group 0 2 4 6 is good, the slow one 1 3 5 7 bad: at step 20 its third one takes the best of the
  // fast ones, with the hyperparameters of its own best, as the fast group's are greedy.
  Bench bench = two_groups(8, true);
  begin_all(bench, 8);
  for (int round = 0; round < 2; ++round) {
    for (const Trial& trial : std::vector<Trial>(bench.board().trials())) {
      if (trial.state != TrialState::kRunning) continue;
      const bool slow = trial.member % 2 == 1;
      bench.reach(trial.id, (slow ? 1 : 0.1) + 0.01 * trial.member);
    }
    if (round == 0) {
      for (WorkerId worker = 0; worker < 8; ++worker) bench.next(worker);
    }
  }
  std::map<MemberId, Clone> clones;
  while (const auto work = bench.next()) {
    if (const auto* clone = std::get_if<Clone>(&*work)) clones[clone->member] = *clone;
  }
  ASSERT_TRUE(clones.contains(5)) << "rank 3 of 4";
  EXPECT_EQ(bench.board().trial(clones.at(5).origin.trial).member, 0);
  EXPECT_EQ(clones.at(5).base, 1) << "its own group's best";
  EXPECT_EQ(clones.at(5).origin.step, 20);
  ASSERT_TRUE(clones.contains(7)) << "rank 4 of 4: by truncation, in its own group";
  EXPECT_EQ(clones.at(7).origin.trial, 1);
  EXPECT_FALSE(clones.contains(1));
  EXPECT_FALSE(clones.contains(3)) << "the second quarter trains on";
  EXPECT_FALSE(clones.contains(4)) << "nothing that comes from the slow group is better";
}

TEST(PbtGroups, MessagesSayTheFix) {
  const SchedulerInfo& entry = *find_scheduler("pbt");
  SchedulerSetup setup;
  setup.steps_per_trial = 20;
  EXPECT_EQ(entry.check(
                options_of({{"population", std::int64_t{4}}, {"frequencies", std::vector<double>{1, 2, 4}}}),
                setup),
            "pbt.frequencies makes 3 groups, of two members at least; raise pbt.population to 6, better to "
            "twice that");
  EXPECT_EQ(
      entry.check(options_of({{"population", std::int64_t{4}}, {"frequencies", std::vector<double>{1, 1.5}}}),
                  setup),
      "pbt.frequencies are numbers of intervals, whole ones, e.g. [1, 10, 25, 50]");
}

// ---- a dead study
// -------------------------------------------------------------------------------------------------------

TEST(Pbt, WhereNobodyHasAFiniteScoreForLongItIsOver) {
  for (const bool synchronous : {true, false}) {
    for (const char* exploit : {"truncation", "none"}) {
      Bench bench = bench_of_rules(
          3, 100, {{"synchronous", synchronous}, {"exploit", word(exploit)}, {"explore", word("none")}});
      begin_all(bench, 3);
      for (int round = 0; round < 3; ++round) {
        for (TrialId trial = 0; trial < 3; ++trial) bench.reach(trial, kWorst);
        if (round == 2) break;
        for (WorkerId worker = 0; worker < 3; ++worker) EXPECT_TRUE(bench.next(worker));
      }
      EXPECT_FALSE(bench.next());
      EXPECT_EQ(bench.stops.size(), 3u);
    }
  }
}

}  // namespace
}  // namespace coppice
