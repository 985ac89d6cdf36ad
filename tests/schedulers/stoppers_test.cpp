#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "bench.hpp"
#include "coppice/rng.hpp"
#include "schedulers/stopper.hpp"
#include "schedulers/stoppers/score_quantile.hpp"
#include "schedulers/with_stoppers.hpp"

namespace coppice {
namespace {

using ::testing::HasSubstr;

OptionValue number(std::int64_t n) {
  return n;
}

const SchedulerSetup kTen = {.max_trials = 100, .steps_per_trial = 10};

TEST(ScoreQuantile, AgreesWithASort) {
  for (const std::int64_t percent : {1, 10, 25, 50, 75, 99}) {
    Rng rng(static_cast<std::uint64_t>(percent), Purpose::kSimulate, 0);
    ScoreQuantile quantile(percent);
    std::vector<Score> all;
    for (std::int64_t n = 1; n <= 300; ++n) {
      const Score score = rng.below(10) == 0 ? kWorst : static_cast<double>(rng.below(50));
      quantile.add(score);
      all.push_back(score);
      std::sort(all.begin(), all.end());
      ASSERT_EQ(quantile.size(), n);
      const auto rank = std::min(n * percent / 100 + 1, n);
      ASSERT_EQ(quantile.value(), all[static_cast<std::size_t>(rank - 1)]) << percent << " % of " << n;
    }
  }
}

TEST(Median, StopsOneWhoseBestIsWorseThanTheMedianOfTheRunningAverages) {
  Bench bench("median", options_of({{"startup_trials", number(3)}}), kTen);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bench.next_new().until, 10);
  // Averages after step 2: 1.5, 2.5, 3.5.
  for (TrialId i = 0; i < 3; ++i) {
    EXPECT_TRUE(bench.report(i, 1, 2.0 + static_cast<double>(i)));
    EXPECT_TRUE(bench.report(i, 2, 1.0 + static_cast<double>(i)));
  }
  EXPECT_TRUE(bench.report(3, 1, 3)) << "the median itself is good enough";
  EXPECT_FALSE(bench.report(3, 2, 2.6));
  ASSERT_EQ(bench.stops.size(), 1u);
  EXPECT_EQ(bench.stops[0].reason, "step 2: best 2.6, the median of 3 running averages is 2.5");
  EXPECT_TRUE(bench.report(4, 1, 2.4));
  EXPECT_TRUE(bench.report(4, 2, 9)) << "its best counts, not its last";
  EXPECT_FALSE(bench.report(5, 1, 9)) << "2, 2.4, 3, 3, 4: those that were stopped count too";
}

TEST(Median, NobodyIsStoppedBeforeEnoughOthersCameAsFar) {
  Bench bench("median", {}, kTen);
  for (int i = 0; i < 7; ++i) bench.next_new();
  for (TrialId i = 0; i < 5; ++i) EXPECT_TRUE(bench.report(i, 1, static_cast<double>(i)));
  EXPECT_FALSE(bench.report(5, 1, 8));
  EXPECT_TRUE(bench.report(4, 2, 9)) << "the first there";
}

TEST(Median, GraceAndInterval) {
  Bench bench(
      "median",
      options_of({{"startup_trials", number(1)}, {"grace_steps", number(3)}, {"interval", number(2)}}), kTen);
  for (int i = 0; i < 3; ++i) bench.next_new();
  for (Step step = 1; step <= 8; ++step) EXPECT_TRUE(bench.report(0, step, 0.1));
  for (Step step = 1; step <= 3; ++step) EXPECT_TRUE(bench.report(1, step, 0.9));
  EXPECT_FALSE(bench.report(1, 4, 0.9)) << "the first step after the grace";
  EXPECT_TRUE(bench.report(2, 4, 0.1));
  EXPECT_TRUE(bench.report(2, 5, kWorst)) << "the next comparison is at step 6";
  EXPECT_FALSE(bench.report(2, 6, kWorst));
}

TEST(Median, ThoseThatReportAtOtherStepsAreComparedAllTheSame) {
  Bench bench("median", options_of({{"startup_trials", number(2)}}), kTen);
  for (int i = 0; i < 4; ++i) bench.next_new();
  for (Step step = 1; step <= 6; ++step) EXPECT_TRUE(bench.report(0, step, 0.5));
  EXPECT_TRUE(bench.report(1, 4, 0.6)) << "one other";
  EXPECT_TRUE(bench.report(1, 9, 0.6))
      << "makes step 9 a comparison step, and stood with 0.6 at steps 5 and 6";
  EXPECT_TRUE(bench.report(2, 3, 0.9)) << "trial 1 had no value then";
  EXPECT_FALSE(bench.report(2, 5, 0.9));
  EXPECT_EQ(bench.stops.back().reason, "step 5: best 0.9, the median of 2 running averages is 0.6");
  EXPECT_FALSE(bench.report(3, 8, 0.9)) << "compared at step 6, the last one before";
}

TEST(Median, OneWithoutAFiniteValueIsStoppedHoweverGoodItWas) {
  Bench bench("median", options_of({{"startup_trials", number(1)}}), kTen);
  for (int i = 0; i < 4; ++i) bench.next_new();
  EXPECT_TRUE(bench.report(0, 1, kWorst));
  EXPECT_TRUE(bench.report(1, 1, kWorst)) << "not worse than nothing";
  EXPECT_TRUE(bench.report(2, 1, 0.1));
  EXPECT_TRUE(bench.report(0, 2, 0.5));
  EXPECT_FALSE(bench.report(2, 2, kWorst));
  EXPECT_EQ(bench.stops.back().reason, "step 2: no finite value, the median of 1 running averages is 0.5");
  EXPECT_TRUE(bench.report(3, 1, 0.9)) << "two of three have none";
}

TEST(Percentile, AsksForAnotherShare) {
  Bench bench("percentile", options_of({{"percent", number(25)}}), kTen);
  for (int i = 0; i < 10; ++i) bench.next_new();
  for (TrialId i = 0; i < 5; ++i) EXPECT_TRUE(bench.report(i, 1, static_cast<double>(i)));
  EXPECT_FALSE(bench.report(5, 1, 1.5)) << "rank floor(5 / 4) + 1 = 2 of 0, 1, 2, 3, 4";
  EXPECT_EQ(bench.stops[0].reason, "step 1: best 1.5, the best 25 % of 5 running averages reach 1");
  EXPECT_TRUE(bench.report(6, 1, 1));
}

TEST(Threshold, StopsWhatLeavesItsBoundsOrIsNotFinite) {
  Bench bench("threshold", options_of({{"lower", -1.0}, {"upper", 10.0}, {"grace_steps", number(2)}}), kTen);
  for (int i = 0; i < 3; ++i) bench.next_new();
  EXPECT_TRUE(bench.report(0, 1, 99)) << "grace";
  EXPECT_TRUE(bench.report(0, 2, kWorst));
  EXPECT_TRUE(bench.report(0, 3, 10)) << "a bound belongs to it";
  EXPECT_FALSE(bench.report(0, 4, 10.5));
  EXPECT_EQ(bench.stops.back().reason, "step 4: 10.5 is above the upper bound 10");
  EXPECT_FALSE(bench.report(1, 3, -1.25));
  EXPECT_EQ(bench.stops.back().reason, "step 3: -1.25 is below the lower bound -1");
  EXPECT_FALSE(bench.report(2, 3, kWorst));
  EXPECT_EQ(bench.stops.back().reason, "step 3: no finite value");
}

TEST(Threshold, NobodyIsStoppedAtTheEndOfItsTraining) {
  Bench bench("threshold", options_of({{"upper", 1.0}}), kTen);
  bench.next_new();
  bench.reach(0, 5);
  EXPECT_EQ(bench.board().trial(0).state, TrialState::kComplete);
}

TEST(Patience, StopsOneThatDoesNotGetBetter) {
  Bench bench("patience", options_of({{"steps", number(3)}, {"min_delta", 0.1}, {"min_steps", number(5)}}),
              kTen);
  bench.next_new();
  bench.next_new();
  EXPECT_TRUE(bench.report(0, 1, 1.0));
  EXPECT_TRUE(bench.report(0, 2, 0.8));
  EXPECT_TRUE(bench.report(0, 3, 0.75)) << "better, but not by more than 0.1";
  EXPECT_TRUE(bench.report(0, 4, std::nullopt));
  EXPECT_FALSE(bench.report(0, 5, 0.8));
  EXPECT_EQ(bench.stops.back().reason, "step 5: for 3 steps not better by more than 0.1 than 0.8 at step 2");
  for (Step step = 1; step <= 4; ++step) EXPECT_TRUE(bench.report(1, step, kWorst)) << "every trial has 5";
  EXPECT_FALSE(bench.report(1, 5, kWorst));
  EXPECT_EQ(bench.stops.back().reason, "step 5: no finite value in 5 steps");
}

TEST(Stoppers, MessagesSayTheFix) {
  const SchedulerSetup endless = {.steps_per_trial = 5};
  SchedulerSetup deterministic = kTen;
  deterministic.deterministic = true;
  EXPECT_THAT(find_scheduler("median")->check({}, endless), HasSubstr("median would never end"));
  EXPECT_THAT(find_scheduler("median")->check({}, deterministic), HasSubstr("order of arrival"));
  EXPECT_EQ(find_scheduler("patience")->check(options_of({{"steps", number(3)}}), deterministic), "");
  EXPECT_THAT(find_scheduler("threshold")->check({}, kTen),
              HasSubstr("threshold.lower, threshold.upper or both"));
  EXPECT_THAT(find_scheduler("threshold")->check(options_of({{"lower", 2.0}, {"upper", 1.0}}), kTen),
              HasSubstr("must be below"));
}

/// Counts the reports that it is shown, and stops each trial at once.
class Ruthless final : public Stopper {
 public:
  explicit Ruthless(int& shown) : shown_(shown) {}
  std::optional<std::string> on_report(const SchedulerContext&, const Trial& trial) override {
    ++shown_;
    return trial.is_rerun() ? std::optional<std::string>("bad") : std::nullopt;
  }

 private:
  int& shown_;
};

TEST(WithStoppers, RerunsAreNotTheirBusiness) {
  // Of half a rerun there is no score to compare, and the same hyperparameters twice would move the medians.
  const SchedulerSetup setup{.max_trials = 4, .steps_per_trial = 4};
  const Options options = options_of({{"eta", number(2)}, {"re_evaluate", number(1)}});
  int shown = 0;
  std::vector<std::unique_ptr<Stopper>> stoppers;
  stoppers.push_back(std::make_unique<Ruthless>(shown));
  Bench bench(with_stoppers(find_scheduler("asha")->make(options, setup), std::move(stoppers), 4), setup, 4);
  for (int i = 0; i < 4; ++i) bench.next_new();
  for (TrialId i = 0; i < 4; ++i) bench.reach(i, 0.1 * static_cast<double>(i + 1));
  for (TrialId i = 0; i < 2; ++i) {
    EXPECT_EQ(bench.next_continue().trial, i);
    bench.reach(i, 0.1 * static_cast<double>(i + 1));
  }
  EXPECT_EQ(shown, 6);
  EXPECT_EQ(bench.next_rerun().trial, 0);
  EXPECT_TRUE(bench.report(4, 1, 0.8));
  EXPECT_EQ(shown, 6);
}

}  // namespace
}  // namespace coppice
