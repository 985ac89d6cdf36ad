#include "results/schedule.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

TEST(WriteSchedule, WritesAtOnceThenAtMostOnceASecond) {
  WriteSchedule schedule;
  EXPECT_TRUE(schedule.due(0));
  schedule.wrote(0, 0.001);
  EXPECT_FALSE(schedule.due(1.0));
  EXPECT_TRUE(schedule.due(1.001));
}

TEST(WriteSchedule, CostsAtMostOnePerCent) {
  WriteSchedule schedule;
  double now_s = 0;
  double writing_s = 0;
  for (double cost_s = 0.001; cost_s < 100; cost_s *= 1.5) {
    ASSERT_TRUE(schedule.due(now_s));
    schedule.wrote(now_s, now_s + cost_s);
    writing_s += cost_s;
    while (!schedule.due(now_s)) now_s += 0.5 * cost_s;
    ASSERT_LE(writing_s, 0.01 * now_s);
  }
}

}  // namespace
}  // namespace coppice
