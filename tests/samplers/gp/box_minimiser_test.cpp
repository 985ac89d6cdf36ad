#include "samplers/gp/box_minimiser.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace coppice::gp {
namespace {

using Eigen::VectorXd;

double rosenbrock(const VectorXd& x, VectorXd& gradient) {
  double sum = 0;
  gradient.setZero();
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double a = x[i + 1] - x[i] * x[i];
    const double b = 1 - x[i];
    sum += 100 * a * a + b * b;
    gradient[i] += -400 * a * x[i] - 2 * b;
    gradient[i + 1] += 200 * a;
  }
  return sum;
}

TEST(BoxMinimiser, FindsAnInnerMinimum) {
  const VectorXd bound = VectorXd::Constant(6, 3);
  const BoxMinimum found =
      minimise_in_box(rosenbrock, VectorXd::Constant(6, -1.2), -bound, bound, {1000, 1e-8, 0, 0.1});
  EXPECT_LT((found.x - VectorXd::Ones(6)).cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_LT(found.evaluations, 200);
}

TEST(BoxMinimiser, StopsAtABound) {
  // Without the bound the minimum is at 1 everywhere; x0 <= 0.5 moves the others along the valley.
  VectorXd high = VectorXd::Constant(3, 3);
  high[0] = 0.5;
  const BoxMinimum found = minimise_in_box(rosenbrock, VectorXd::Constant(3, 0.1), -VectorXd::Constant(3, 3),
                                           high, {1000, 1e-8, 0, 0.1});
  EXPECT_EQ(found.x[0], 0.5);
  VectorXd gradient(3);
  rosenbrock(found.x, gradient);
  EXPECT_LT(gradient[0], 0) << "it would go on";
  EXPECT_LT(gradient.tail(2).cwiseAbs().maxCoeff(), 1e-5);
}

TEST(BoxMinimiser, NeverLeavesTheBoxNorEvaluatesTooOften) {
  int calls = 0;
  const Objective objective = [&](const VectorXd& x, VectorXd& gradient) {
    ++calls;
    EXPECT_TRUE((x.array() >= -2).all() && (x.array() <= 2).all());
    return rosenbrock(x, gradient);
  };
  const VectorXd bound = VectorXd::Constant(4, 2);
  const BoxMinimum found =
      minimise_in_box(objective, VectorXd::Constant(4, -7), -bound, bound, {17, 1e-12, 0, 0.1});
  EXPECT_EQ(found.evaluations, calls);
  EXPECT_LE(calls, 17);
}

TEST(BoxMinimiser, StepsBackFromWhereThereIsNoValue) {
  const Objective objective = [](const VectorXd& x, VectorXd& gradient) {
    gradient[0] = 1 - 1 / x[0];  // x - log x, no value from 3 on
    return x[0] < 3 ? x[0] - std::log(x[0]) : NAN;
  };
  const BoxMinimum found =
      minimise_in_box(objective, VectorXd::Constant(1, 0.05), VectorXd::Constant(1, 1e-3),
                      VectorXd::Constant(1, 100), {100, 1e-8, 0, 5});
  EXPECT_NEAR(found.x[0], 1, 1e-6);
}

TEST(BoxMinimiser, AStartWithoutAValueIsReturned) {
  const Objective objective = [](const VectorXd&, VectorXd& gradient) {
    gradient.setZero();
    return NAN;
  };
  const BoxMinimum found =
      minimise_in_box(objective, VectorXd::Constant(2, 0.5), VectorXd::Zero(2), VectorXd::Ones(2), {});
  EXPECT_TRUE(std::isnan(found.value));
  EXPECT_EQ(found.evaluations, 1);
}

}  // namespace
}  // namespace coppice::gp
