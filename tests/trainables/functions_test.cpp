#include "trainables/functions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "support.hpp"
#include "trainables/curve.hpp"
#include "trainables/pbt_toy.hpp"

namespace coppice {
namespace {

constexpr double kPi = std::numbers::pi;

/// No neighbour at this distance is lower.
template <class Function>
void expect_minimum(Function&& function, const std::vector<double>& x, double distance) {
  const double value = function(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (const double sign : {-1.0, 1.0}) {
      std::vector<double> neighbour = x;
      neighbour[i] += sign * distance;
      EXPECT_GT(function(neighbour), value) << "coordinate " << i;
    }
  }
}

TEST(BraninTest, HasItsThreeMinima) {
  const std::vector<std::vector<double>> minima = {{-kPi, 12.275}, {kPi, 2.275}, {3 * kPi, 2.475}};
  for (const auto& x : minima) {
    EXPECT_NEAR(branin(x[0], x[1]), 0.39788735772973816, 1e-12);
    expect_minimum([](const auto& y) { return branin(y[0], y[1]); }, x, 1e-2);
  }
  EXPECT_NEAR(branin(0, 0), 55.602112642270262, 1e-12);
}

TEST(Hartmann6Test, HasItsMinimum) {
  const std::vector<double> x = {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573};
  EXPECT_NEAR(hartmann6(x), -3.32237, 1e-5);
  expect_minimum([](const auto& y) { return hartmann6(y); }, x, 1e-2);
}

TEST(RosenbrockTest, HasItsMinimumInAnyDimension) {
  EXPECT_EQ(rosenbrock(std::vector<double>{1, 1}), 0);
  EXPECT_EQ(rosenbrock(std::vector<double>(7, 1.0)), 0);
  EXPECT_EQ(rosenbrock(std::vector<double>{0, 0}), 1);
  EXPECT_DOUBLE_EQ(rosenbrock(std::vector<double>{-1.2, 1}), 24.2);
  expect_minimum([](const auto& y) { return rosenbrock(y); }, std::vector<double>(4, 1.0), 1e-3);
}

double value_of(Trainable& trainable, std::vector<std::pair<std::string, Value>> items) {
  trainable.setup(Parameters(std::move(items)), {});
  return metric(trainable.step(), "value");
}

TEST(FunctionTrainableTest, ReportsTheValueAtItsParametersWhateverTheirOrder) {
  EXPECT_EQ(value_of(*make_branin(), {{"x2", 3.0}, {"x1", 1.0}}), branin(1, 3));
  EXPECT_EQ(value_of(*make_rosenbrock(), {{"x3", std::int64_t{2}}, {"x1", 0.5}, {"x2", 4.0}}),
            rosenbrock(std::vector<double>{0.5, 4, 2}));
  EXPECT_EQ(
      value_of(
          *make_hartmann6(),
          {{"x6", .6}, {"x5", .5}, {"x4", .4}, {"x3", .3}, {"x2", .2}, {"x1", .1}, {"x7", std::monostate{}}}),
      hartmann6(std::vector<double>{.1, .2, .3, .4, .5, .6}));
}

TEST(FunctionTrainableTest, RefusesMissingAndForeignCoordinates) {
  EXPECT_EQ(refusal([] { value_of(*make_branin(), {{"x1", 1.0}}); }), "branin needs the parameter x2");
  EXPECT_EQ(refusal([] {
              value_of(*make_branin(), {{"x1", 1.0}, {"x2", 1.0}, {"x3", 1.0}});
            }),
            "branin has no parameter 'x3'; did you mean 'x1'? Known: x1, x2");
  EXPECT_EQ(refusal([] {
              value_of(*make_rosenbrock(), {{"x1", 1.0}});
            }),
            "rosenbrock needs the parameter x2");
  EXPECT_NE(refusal([] { value_of(*make_rosenbrock(), {{"x1", 1.0}, {"x3", 1.0}, {"x4", 1.0}}); }), "");
  EXPECT_EQ(refusal([] {
              value_of(*make_branin(), {{"x1", std::string("a")}, {"x2", 1.0}});
            }),
            "branin: x1 is 'a', which is not a number");
}

TEST(PbtToyTest, FollowsTheSurrogatesGradient) {
  const auto toy = make_pbt_toy();
  toy->setup(Parameters({{"h1", 1.0}, {"h2", 0.5}}), {});
  Metrics metrics;
  constexpr int kSteps = 25;
  for (int i = 0; i < kSteps; ++i) metrics = toy->step();
  const double theta1 = 0.9 * std::pow(1 - 0.02, kSteps);
  const double theta2 = 0.9 * std::pow(1 - 0.01, kSteps);
  EXPECT_NEAR(metric(metrics, "theta1"), theta1, 1e-12);
  EXPECT_NEAR(metric(metrics, "theta2"), theta2, 1e-12);
  EXPECT_NEAR(metric(metrics, "value"), 1.2 - theta1 * theta1 - theta2 * theta2, 1e-12);
}

TEST(PbtToyTest, OneSurrogateAloneStaysBelowACloneWithTheOther) {
  const auto alone = make_pbt_toy();
  alone->setup(Parameters({{"h1", 1.0}, {"h2", 0.0}}), {});
  Metrics metrics;
  for (int i = 0; i < 400; ++i) metrics = alone->step();
  EXPECT_LT(metric(metrics, "value"), 0.39 + 1e-12);
  const auto clone = make_pbt_toy();
  clone->setup(Parameters({{"h1", 0.0}, {"h2", 1.0}}), {});
  clone->load(alone->save());
  for (int i = 0; i < 400; ++i) metrics = clone->step();
  EXPECT_GT(metric(metrics, "value"), 1.19);
}

TEST(CurveTest, ClosesTheDistanceToItsFloor) {
  const auto curve = make_curve();
  curve->setup(Parameters({{"x", 0.8}, {"rate", 0.1}}), {});
  for (int t = 1; t <= 10; ++t) {
    EXPECT_NEAR(metric(curve->step(), "value"), 0.25 + 0.75 * std::pow(0.9, t), 1e-12) << t;
  }
}

TEST(CurveTest, ACloneGoesOnFromTheLossThatItLoaded) {
  const auto donor = make_curve();
  donor->setup(Parameters({{"x", 0.3}}), {});
  for (int i = 0; i < 5; ++i) donor->step();
  const auto clone = make_curve();
  clone->setup(Parameters({{"x", 0.8}, {"rate", 0.5}}), {});
  clone->load(donor->save());
  const double loaded = std::pow(0.8, 5);
  EXPECT_NEAR(metric(clone->step(), "value"), loaded + 0.5 * (0.25 - loaded), 1e-12);
}

TEST(CurveTest, FailsAtTheNamedStepEachTime) {
  const auto curve = make_curve();
  curve->setup(Parameters({{"x", 0.3}, {"fail_at", std::int64_t{3}}}), {});
  curve->step();
  curve->step();
  const std::vector<std::byte> state = curve->save();
  EXPECT_THROW(curve->step(), std::runtime_error);
  EXPECT_EQ(curve->save(), state);
  EXPECT_THROW(curve->step(), std::runtime_error);
}

}  // namespace
}  // namespace coppice
