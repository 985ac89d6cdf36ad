#include "bench.hpp"
#include "schedulers/catalog.hpp"

namespace coppice {
namespace {

const SchedulerSetup kNine = {.max_trials = std::nullopt, .steps_per_trial = 9};

TEST(Sha, ByDefaultOneTrialOfThemReachesTheEnd) {
  Bench bench("sha", {}, kNine);
  for (TrialId id = 0; id < 9; ++id) EXPECT_EQ(bench.next_new().until, 1);
  EXPECT_FALSE(bench.next()) << "the rung is not full: nobody goes on, and it is done once";
  for (TrialId id = 0; id < 9; ++id) bench.reach(id, static_cast<double>(9 - id));
  EXPECT_EQ(bench.stops.size(), 6u);
  EXPECT_EQ(bench.stops.front().reason, "bracket 0, rung 0 (1 step): rank 4 of 9, best 3 go on");
  for (const TrialId id : {8, 7, 6}) {
    const Continue more = bench.next_continue();
    EXPECT_EQ(more.trial, id);
    EXPECT_EQ(more.until, 3);
    EXPECT_EQ(more.kind, DecisionKind::kPromote);
  }
  for (const TrialId id : {6, 7, 8}) bench.reach(id, static_cast<double>(id));
  EXPECT_EQ(bench.next_continue().trial, 6) << "of the scores at this rung 6 is the lowest";
  bench.reach(6, 0);
  EXPECT_FALSE(bench.next());
}

TEST(Sha, TheNextBracketOpensWhileOneWaits) {
  Bench bench("sha", options_of({{"trials", std::int64_t{3}}, {"iterations", std::int64_t{2}}}), kNine);
  for (int i = 0; i < 3; ++i) bench.next_new();
  EXPECT_EQ(bench.next_new().reason, "bracket 1: 1 of 3 up to 1 step");
  for (TrialId id = 0; id < 3; ++id) bench.reach(id, 1);
  EXPECT_EQ(bench.next_continue().trial, 0) << "the older bracket first; ties by trial";
}

TEST(Sha, RungsAreCountedFromTheLastOne) {
  Bench bench("sha", {}, {.steps_per_trial = 52});
  // Rungs 2, 6, 17, 52: 27 begin.
  for (int i = 0; i < 27; ++i) EXPECT_EQ(bench.next_new().until, 2);
  EXPECT_FALSE(bench.next());
  const Options from_one = options_of({{"min_steps", std::int64_t{1}}});
  EXPECT_EQ(find_scheduler("sha")->planned(from_one, {.steps_per_trial = 52}), 81);
}

TEST(Sha, TheFirstRungCanBeLater) {
  Bench bench("sha", options_of({{"min_steps", std::int64_t{2}}, {"eta", std::int64_t{2}}}), kNine);
  // Rungs 2, 4, 8, 9: eight begin.
  for (int i = 0; i < 8; ++i) EXPECT_EQ(bench.next_new().until, 2);
  EXPECT_FALSE(bench.next());
}

TEST(Sha, SaysWhatDoesNotFit) {
  const SchedulerInfo* sha = find_scheduler("sha");
  EXPECT_EQ(sha->check({}, {}), "sha needs sha.max_steps or budget.steps_per_trial");
  EXPECT_EQ(sha->check(options_of({{"min_steps", std::int64_t{10}}}), kNine),
            "sha.min_steps 10 is more than the 9 steps of a trial; lower it");
  EXPECT_NE(sha->check({}, {.steps_per_trial = 9, .has_target = true, .deterministic = true}), "");
}

TEST(Sha, KnowsHowManyItWillBegin) {
  const SchedulerInfo* sha = find_scheduler("sha");
  EXPECT_EQ(sha->planned({}, kNine), 9);
  EXPECT_EQ(sha->planned({}, {.max_trials = 40, .steps_per_trial = 9}), std::nullopt)
      << "as the budget lasts";
  const Options five = options_of({{"iterations", std::int64_t{5}}});
  EXPECT_EQ(sha->planned(five, {.max_trials = 40, .steps_per_trial = 9}), 40);
  EXPECT_EQ(find_scheduler("hyperband")->planned({}, {.steps_per_trial = 81}), 143);
}

TEST(Sha, RanksTheCandidatesForTheLastRungByTheMean) {
  const Options again = options_of({{"eta", std::int64_t{3}}, {"re_evaluate", std::int64_t{1}}});
  Bench bench("sha", again, {.max_trials = std::nullopt, .steps_per_trial = 3});
  for (TrialId id = 0; id < 3; ++id) EXPECT_EQ(bench.next_new().until, 1);
  for (TrialId id = 0; id < 3; ++id) bench.reach(id, 0.1 * static_cast<double>(id + 1));
  EXPECT_TRUE(bench.stops.empty()) << "nothing is decided yet";
  const Rerun rerun = bench.next_rerun();
  EXPECT_EQ(rerun.trial, 0);
  EXPECT_EQ(rerun.until, 1);
  EXPECT_EQ(rerun.reason,
            "bracket 0, rung 0 (1 step): rank 1 of 3, best 1 goes on; trial 0 is measured again, 1 of 1");
  EXPECT_FALSE(bench.next());
  bench.reach(3, 0.4);
  EXPECT_EQ(bench.next_rerun().trial, 1) << "the best one now";
  bench.fail(4);
  const Continue more = bench.next_continue();
  EXPECT_EQ(more.trial, 1);
  EXPECT_EQ(more.reason, "bracket 0, rung 0 (1 step): rank 1 of 3, best 1 goes on");
  ASSERT_EQ(bench.stops.size(), 3u);
  EXPECT_EQ(bench.stops[0].trial, 3) << "the rerun";
  EXPECT_EQ(bench.stops[1].reason, "bracket 0, rung 0 (1 step): rank 2 of 3, best 1 goes on (mean of 2)");
  bench.reach(1, 0.2);
  EXPECT_FALSE(bench.next());
}

TEST(Sha, TheNextBracketOpensWhileCandidatesAreMeasuredAgain) {
  const Options again = options_of({{"iterations", std::int64_t{2}}, {"re_evaluate", std::int64_t{2}}});
  Bench bench("sha", again, {.max_trials = std::nullopt, .steps_per_trial = 3});
  for (TrialId id = 0; id < 3; ++id) bench.next_new();
  for (TrialId id = 0; id < 3; ++id) bench.reach(id, static_cast<double>(id));
  bench.next_rerun();
  bench.next_rerun();
  EXPECT_EQ(bench.next_new().reason, "bracket 1: 1 of 3 up to 1 step");
  bench.reach(4, 0);
  bench.reach(3, 0);
  EXPECT_EQ(bench.next_continue().trial, 0);
}

TEST(Sha, MeasuringAgainIsNotDeterministic) {
  const Options again = options_of({{"re_evaluate", std::int64_t{1}}});
  const SchedulerSetup setup = {.steps_per_trial = 9, .deterministic = true};
  for (const char* name : {"sha", "hyperband"}) {
    EXPECT_EQ(find_scheduler(name)->check(again, setup),
              std::string(name) +
                  ".re_evaluate numbers its reruns as results come in, and can't be "
                  "deterministic; use repeats, or remove one of the two");
    EXPECT_EQ(find_scheduler(name)->check({}, setup), "");
  }
}

}  // namespace
}  // namespace coppice
