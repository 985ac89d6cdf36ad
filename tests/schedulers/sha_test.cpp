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

}  // namespace
}  // namespace coppice
