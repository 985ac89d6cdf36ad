// What holds of PBT of either kind: truncation, degenerate populations, its variants, and its messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "pbt_population.hpp"
#include "schedulers/pbt/standings.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(Pbt, TruncationSize) {
  EXPECT_EQ(truncation_size(0.25, 1), 0);
  EXPECT_EQ(truncation_size(0.25, 2), 1);
  EXPECT_EQ(truncation_size(0.25, 3), 1);
  EXPECT_EQ(truncation_size(0.25, 8), 2);
  EXPECT_EQ(truncation_size(0.2, 40), 8);
  EXPECT_EQ(truncation_size(0.5, 5), 2);
  EXPECT_EQ(truncation_size(0, 10), 1);
}

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
