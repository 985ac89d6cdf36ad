#include "schedulers/catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;

TEST(SchedulerCatalog, NamesAreUniqueAndEveryEntryIsWhole) {
  std::set<std::string> names;
  for (const SchedulerInfo& entry : schedulers()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_NE(entry.help, "");
    ASSERT_NE(entry.check, nullptr);
    ASSERT_NE(entry.make, nullptr);
    EXPECT_EQ(find_scheduler(entry.name), &entry);
    for (const OptionSpec& option : entry.options) {
      EXPECT_NE(option.help, "") << entry.name << "." << option.name;
      EXPECT_LE(option.low, option.high) << entry.name << "." << option.name;
    }
  }
  EXPECT_EQ(names, (std::set<std::string>{"asha", "fifo", "hyperband", "ipbt", "median", "patience", "pbt",
                                          "percentile", "sha", "threshold"}));
  EXPECT_EQ(find_scheduler("ash"), nullptr);
}

TEST(Fifo, BeginsTrialsUpToTheBudget) {
  SchedulerSetup setup;
  setup.max_trials = 2;
  setup.steps_per_trial = 7;
  Bench bench("fifo", {}, setup);
  EXPECT_EQ(bench.next_new().until, 7);
  bench.next_new();
  EXPECT_FALSE(bench.next());
  bench.reach(0, 0.5);
  bench.fail(1);
  EXPECT_FALSE(bench.next()) << "a failed trial is not made up for";
}

TEST(Fifo, WithoutAStepLimitATrialTrainsUntilItSaysSo) {
  SchedulerSetup setup;
  setup.has_wall_time = true;
  Bench bench("fifo", {}, setup);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bench.next_new().until, kOpenEnd);
}

TEST(Fifo, MessagesSayTheFix) {
  const SchedulerInfo& fifo = *find_scheduler("fifo");
  SchedulerSetup setup;
  EXPECT_THAT(fifo.check({}, setup), HasSubstr("it needs budget.trials, budget.wall_time or budget.target"));
  setup.has_target = true;
  EXPECT_EQ(fifo.check({}, setup), "");
  setup.deterministic = true;
  EXPECT_THAT(fifo.check({}, setup), HasSubstr("depends on timing"));
}

}  // namespace
}  // namespace coppice
