#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "bench.hpp"
#include "coppice/rng.hpp"

namespace coppice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Options max_steps(Step steps) {
  return options_of({{"max_steps", steps}});
}

/// Runs to the end with `workers` trials under way, ended in an order drawn with `seed`; score: a fixed
/// function of trial and step. Returns how many trials stand at each step in the end.
std::map<Step, int> run_all(Bench& bench, int workers, std::uint64_t seed) {
  Rng rng(seed, Purpose::kSimulate, 0);
  std::vector<TrialId> running;
  while (true) {
    while (std::ssize(running) < workers) {
      const auto work = bench.next();
      if (!work) break;
      running.push_back(std::holds_alternative<NewTrial>(*work) ? bench.board().size() - 1
                                                                : std::get<Continue>(*work).trial);
    }
    if (running.empty()) break;
    const auto at = running.begin() + static_cast<std::ptrdiff_t>(rng.below(running.size()));
    const TrialId trial = *at;
    running.erase(at);
    const double luck = Rng(0, Purpose::kSimulate, static_cast<std::uint64_t>(trial)).uniform();
    bench.reach(trial, luck + 1 / static_cast<double>(bench.board().trial(trial).until));
  }
  std::map<Step, int> result;
  for (const Trial& trial : bench.board().trials()) ++result[trial.steps];
  return result;
}

std::int64_t steps_trained(const Bench& bench) {
  std::int64_t steps = 0;
  for (const Trial& trial : bench.board().trials()) steps += trial.steps;
  return steps;
}

TEST(Hyperband, OneIterationOf81IsThePapersExactly) {
  Bench bench("hyperband", max_steps(81), {});
  const auto at = run_all(bench, 7, 1);
  EXPECT_EQ(bench.board().size(), 143);
  EXPECT_EQ(at, (std::map<Step, int>{{1, 54}, {3, 41}, {9, 24}, {27, 14}, {81, 10}}));
  EXPECT_EQ(steps_trained(bench), 1581);
  EXPECT_EQ(bench.stops.size(), 133u) << "all but those that are complete";
}

TEST(Hyperband, OtherSizesFromTheTables) {
  struct Case {
    Step max_steps;
    std::int64_t eta;
    const char* sizes;
    std::int64_t trials;
    std::int64_t steps;
  };
  for (const Case& c :
       {Case{81, 3, "table", 128, 1404}, Case{9, 3, "formula", 17, 69}, Case{9, 3, "table", 15, 63},
        Case{27, 3, "formula", 49, 357}, Case{243, 3, "formula", 415, 6831}, Case{243, 3, "table", 384, 6480},
        Case{64, 4, "formula", 98, 884}, Case{64, 4, "table", 92, 848}}) {
    Bench bench("hyperband",
                options_of({{"max_steps", c.max_steps}, {"eta", c.eta}, {"sizes", std::string(c.sizes)}}),
                {});
    run_all(bench, 3, 2);
    EXPECT_EQ(bench.board().size(), c.trials) << c.max_steps << " " << c.sizes;
    EXPECT_EQ(steps_trained(bench), c.steps) << c.max_steps << " " << c.sizes;
  }
}

TEST(Hyperband, DecisionsDependOnResultsNotOnTiming) {
  const auto outcome = [](int workers, std::uint64_t seed) {
    Bench bench("hyperband", options_of({{"max_steps", Step{27}}, {"iterations", std::int64_t{2}}}), {});
    run_all(bench, workers, seed);
    std::vector<std::pair<Step, TrialState>> trials;
    for (const Trial& trial : bench.board().trials()) trials.emplace_back(trial.steps, trial.state);
    return trials;
  };
  const auto expected = outcome(1, 0);
  EXPECT_EQ(expected.size(), 98u);
  for (const int workers : {2, 5, 64}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(outcome(workers, seed), expected);
  }
}

TEST(Hyperband, TheCutIsExplainedWithNumbers) {
  Bench bench("hyperband", max_steps(81), {});
  for (int i = 0; i < 81; ++i) EXPECT_EQ(bench.next_new().until, 1);
  for (TrialId i = 0; i < 81; ++i) bench.reach(i, static_cast<double>(i));
  ASSERT_EQ(bench.stops.size(), 54u);
  EXPECT_EQ(bench.stops.front().trial, 27);
  EXPECT_EQ(bench.stops[2].reason, "bracket 4, rung 0 (1 step): rank 30 of 81, best 27 go on");
  const Continue first = bench.next_continue();
  EXPECT_EQ(first.trial, 0);
  EXPECT_EQ(first.reason, "bracket 4, rung 0 (1 step): rank 1 of 81, best 27 go on");
  EXPECT_EQ(first.kind, DecisionKind::kPromote);
}

TEST(Hyperband, WhileABracketWaitsTheNextOneBegins) {
  Bench bench("hyperband", max_steps(9), {});
  for (int i = 0; i < 9; ++i) EXPECT_EQ(bench.next_new().until, 1);
  EXPECT_EQ(bench.next_new().until, 3) << "bracket 1";
  for (TrialId i = 0; i < 9; ++i) bench.reach(i, static_cast<double>(i));
  EXPECT_EQ(bench.next_continue().trial, 0) << "the oldest bracket's promotions before new trials";
  EXPECT_EQ(bench.next_continue().trial, 1);
  EXPECT_EQ(bench.next_continue().trial, 2);
  EXPECT_EQ(bench.next_new().until, 3);
}

TEST(Hyperband, FailedOnesAreLosersAndDoNotBlockTheRung) {
  Bench bench("hyperband", max_steps(9), {});
  for (int i = 0; i < 9; ++i) bench.next_new();
  for (TrialId i = 0; i < 7; ++i) i < 4 ? bench.fail(i) : bench.reach(i, kWorst);
  bench.reach(7, 0.5);
  bench.reach(8, 0.4);
  EXPECT_EQ(bench.next_continue().trial, 8) << "three may go on, two can";
  EXPECT_EQ(bench.next_continue().trial, 7);
  EXPECT_EQ(bench.next_new().until, 3);
  ASSERT_EQ(bench.stops.size(), 3u) << "failed ones are over already";
  EXPECT_THAT(bench.stops[0].reason, HasSubstr("none without a finite score"));
  bench.fail(7);
  bench.reach(8, 0.3);
  EXPECT_EQ(bench.next_continue().until, 9);
}

TEST(Hyperband, ABracketWithoutSurvivorsIsOver) {
  Bench bench("hyperband", options_of({{"max_steps", Step{3}}}), {});
  for (int i = 0; i < 3; ++i) bench.next_new();
  for (TrialId i = 0; i < 3; ++i) bench.fail(i);
  EXPECT_EQ(bench.next_new().until, 3);
  EXPECT_EQ(bench.next_new().until, 3);
  EXPECT_FALSE(bench.next());
}

TEST(Hyperband, OneThatEndedEarlyKeepsItsRankAndGoesNoFurther) {
  Bench bench("hyperband", max_steps(9), {});
  for (int i = 0; i < 9; ++i) bench.next_new();
  for (int i = 0; i < 5; ++i) bench.next_new();
  for (int i = 0; i < 3; ++i) bench.next_new();
  for (TrialId i = 0; i < 9; ++i) bench.reach(i, static_cast<double>(i));
  for (int i = 0; i < 3; ++i) bench.next_continue();
  bench.end_early(0, 2, 0);
  bench.reach(1, 1);
  bench.reach(2, 2);
  EXPECT_FALSE(bench.next()) << "the best of three has nothing more to train, and only one goes on";
}

TEST(Hyperband, WhereTheBudgetEndsInAFirstRungTheBracketGoesOnWithWhatItHas) {
  SchedulerSetup setup;
  setup.max_trials = 13;
  Bench bench("hyperband", max_steps(9), setup);
  for (int i = 0; i < 13; ++i) bench.next_new();
  EXPECT_FALSE(bench.next());
  for (TrialId i = 0; i < 13; ++i) bench.reach(i, static_cast<double>(i));
  for (TrialId i = 0; i < 3; ++i) EXPECT_EQ(bench.next_continue().trial, i);
  const Continue cut = bench.next_continue();
  EXPECT_EQ(cut.trial, 9);
  EXPECT_EQ(cut.reason, "bracket 1, rung 0 (3 steps): rank 1 of 4, best 1 goes on");
  EXPECT_FALSE(bench.next());
}

TEST(Hyperband, IterationsGoOnAsLongAsTheBudgetLasts) {
  SchedulerSetup setup;
  setup.max_trials = 40;
  Bench unlimited("hyperband", max_steps(9), setup);
  run_all(unlimited, 4, 0);
  EXPECT_EQ(unlimited.board().size(), 40);
  Bench one("hyperband", options_of({{"max_steps", Step{9}}, {"iterations", std::int64_t{1}}}), setup);
  run_all(one, 4, 0);
  EXPECT_EQ(one.board().size(), 17);
}

TEST(Hyperband, MessagesSayTheFix) {
  const SchedulerInfo& hyperband = *find_scheduler("hyperband");
  EXPECT_EQ(hyperband.check({}, {}), "hyperband needs hyperband.max_steps or budget.steps_per_trial");
  SchedulerSetup setup;
  setup.steps_per_trial = 9;
  EXPECT_EQ(hyperband.check({}, setup), "");
  EXPECT_EQ(steps_per_trial({}, setup), 9);
  EXPECT_EQ(steps_per_trial(max_steps(3), setup), 3);
  setup.deterministic = true;
  EXPECT_EQ(hyperband.check({}, setup), "");
  setup.has_target = true;
  EXPECT_THAT(hyperband.check({}, setup), HasSubstr("depends on timing"));
}

}  // namespace
}  // namespace coppice
