#include "core/objectives.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace coppice {
namespace {

using ::testing::ElementsAre;

const double kNaN = std::numeric_limits<double>::quiet_NaN();
const std::vector<Objective> kErrorAndSpeed = {{"error", true}, {"speed", false}};
const std::vector<Constraint> kMemory = {{"memory", 10}};

Assessment of(double error, double speed, double memory) {
  return assess(kErrorAndSpeed, kMemory, {{"memory", memory}, {"error", error}, {"speed", speed}});
}

TEST(Objectives, AreTurnedSoThatLowerIsBetterInTheStudysOrder) {
  EXPECT_THAT(of(0.5, 3, 0).scores, ElementsAre(0.5, -3));
  EXPECT_EQ(kErrorAndSpeed[1].value_of(-3), 3);
  EXPECT_TRUE(std::isnan(kErrorAndSpeed[0].value_of(kWorst)));
}

TEST(Objectives, WhatIsNotFiniteOrNotReportedIsWorst) {
  EXPECT_THAT(of(kNaN, -std::numeric_limits<double>::infinity(), 0).scores, ElementsAre(kWorst, kWorst));
  EXPECT_THAT(assess(kErrorAndSpeed, {}, {{"error", 1}}).scores, ElementsAre(1, kWorst));
}

TEST(Constraints, AreViolatedByHowFarTheMetricIsAboveTheBound) {
  EXPECT_THAT(of(0, 0, 9).violations, ElementsAre(0));
  EXPECT_THAT(of(0, 0, 10).violations, ElementsAre(0));
  EXPECT_THAT(of(0, 0, 12.5).violations, ElementsAre(2.5));
  EXPECT_THAT(of(0, 0, kNaN).violations, ElementsAre(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(assess(kErrorAndSpeed, kMemory, {{"error", 1}}).violation(),
            std::numeric_limits<double>::infinity());
}

TEST(Domination, NoWorseAnywhereAndBetterSomewhere) {
  EXPECT_TRUE(dominates(of(1, 5, 0), of(2, 5, 0)));
  EXPECT_TRUE(dominates(of(1, 6, 0), of(2, 5, 0)));
  EXPECT_FALSE(dominates(of(1, 4, 0), of(2, 5, 0)));
  EXPECT_FALSE(dominates(of(2, 5, 0), of(1, 4, 0)));
  EXPECT_FALSE(dominates(of(1, 5, 0), of(1, 5, 0))) << "equals don't dominate each other";
  EXPECT_TRUE(dominates(of(1, 5, 0), of(kNaN, 5, 0)));
}

TEST(Domination, ConstraintsComeFirst) {
  EXPECT_TRUE(dominates(of(9, 1, 10), of(1, 9, 11))) << "feasible before infeasible";
  EXPECT_FALSE(dominates(of(1, 9, 11), of(9, 1, 10)));
  EXPECT_TRUE(dominates(of(9, 1, 11), of(1, 9, 12))) << "of two infeasible ones the smaller violation";
  EXPECT_FALSE(dominates(of(1, 9, 11), of(9, 1, 11))) << "the same violation: neither";
  EXPECT_FALSE(dominates(of(1, 1, kNaN), of(1, 1, kNaN)));
}

}  // namespace
}  // namespace coppice
