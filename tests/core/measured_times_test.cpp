#include "core/measured_times.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace coppice {
namespace {

TEST(RecentTimes, AreAHighQuantileOfTheLast) {
  RecentTimes times;
  EXPECT_EQ(times.high_s(), 0);
  times.add(3);
  times.add(1);
  EXPECT_EQ(times.high_s(), 3);
  for (int i = 0; i < 62; ++i) times.add(2);
  EXPECT_EQ(times.high_s(), 2) << "one of 64 was slow";
  for (int i = 0; i < 4; ++i) times.add(5);
  EXPECT_EQ(times.high_s(), 5);
  for (int i = 0; i < 64; ++i) times.add(1);
  EXPECT_EQ(times.high_s(), 1) << "the old ones are forgotten";
}

TEST(RecentTimes, TakeOnlyTimes) {
  RecentTimes times;
  for (const double nonsense :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    times.add(nonsense);
  }
  EXPECT_TRUE(times.empty());
}

TEST(KindTimes, ASlowTrialCountsAsMuchAsAFastOneWithMoreSteps) {
  KindTimes times;
  EXPECT_FALSE(times.step_s(7));
  for (int i = 0; i < 1000; ++i) times.on_step(0, 1);
  times.on_step(1, 50);
  EXPECT_EQ(times.step_s(0), 1);
  EXPECT_EQ(times.step_s(1), 50);
  EXPECT_EQ(times.step_s(7), 50) << "it may be as slow";
  EXPECT_EQ(times.slowest_step_s(), 50);
}

TEST(KindTimes, AHiccupIsForgotten) {
  KindTimes times;
  times.on_step(0, 100);
  times.on_step(0, 1);
  EXPECT_NEAR(*times.step_s(0), 90.1, 1e-9);
  for (int i = 0; i < 100; ++i) times.on_step(0, 1);
  EXPECT_NEAR(*times.step_s(0), 1, 0.01);
}

TEST(KindTimes, RememberTheLatestTrials) {
  KindTimes times;
  for (TrialId trial = 0; trial < 3000; ++trial) times.on_step(trial, trial < 1500 ? 9 : 1);
  EXPECT_EQ(times.step_s(0), 1) << "forgotten, it goes by the others";
}

TEST(MeasuredTimes, KindsDoNotMislead) {
  MeasuredTimes times;
  times.of("H100").on_step(0, 1);
  times.of("cpu").on_step(0, 60);
  EXPECT_EQ(times.find("H100")->step_s(), 1);
  EXPECT_EQ(times.find("cpu")->step_s(), 60);
  EXPECT_EQ(times.find("A100"), nullptr);
}

}  // namespace
}  // namespace coppice
