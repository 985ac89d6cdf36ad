#include "samplers/gp/fit.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>
#include <numbers>

#include "model.hpp"
#include "samplers/gp/triangular.hpp"

namespace coppice::gp {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(Prior, ModeOfTheLengthScaleGrowsWithTheDimension) {
  EXPECT_NEAR(prior_length(1), 0.205, 5e-4);
  EXPECT_NEAR(prior_length(5), 0.458, 5e-4);
  EXPECT_NEAR(prior_length(10), 0.648, 5e-4);
  EXPECT_NEAR(prior_length(20), 0.916, 5e-4);
  EXPECT_NEAR(prior_length(50), 1.448, 5e-4);
}

TEST(Triangular, InverseOfACovariance) {
  for (const Eigen::Index n : {1, 7, 24, 25, 63, 130}) {
    const MatrixXd x = random_features(n, n, 3);
    const MatrixXd covariance = x * x.transpose() + MatrixXd::Identity(n, n);
    MatrixXd lower = covariance.llt().matrixL();
    invert_lower(lower);
    EXPECT_EQ(MatrixXd(lower.triangularView<Eigen::StrictlyUpper>()).norm(), 0);
    gram_of_lower(lower);
    const MatrixXd inverse = lower.selfadjointView<Eigen::Lower>();
    EXPECT_LT((inverse * covariance - MatrixXd::Identity(n, n)).cwiseAbs().maxCoeff(), 1e-10) << n;
  }
}

TEST(Kernel, ValuesAtUnitDistance) {
  Eigen::ArrayXXd q(2, 1);
  q << 0, 1;
  Eigen::ArrayXXd matern = q;
  correlate(Kernel::kMatern52, matern, nullptr);
  EXPECT_DOUBLE_EQ(matern(0, 0), 1);
  EXPECT_NEAR(matern(1, 0), (1 + std::sqrt(5.0) + 5.0 / 3) * std::exp(-std::sqrt(5.0)), 1e-15);
  correlate(Kernel::kRbf, q, nullptr);
  EXPECT_DOUBLE_EQ(q(0, 0), 1);
  EXPECT_NEAR(q(1, 0), std::exp(-0.5), 1e-15);
}

class Density : public testing::TestWithParam<Kernel> {};

TEST_P(Density, IsTheNormalDensityTimesPriors) {
  const Training training = smooth_training(3, 9, 1);
  VectorXd logs(4);
  logs << -0.5, 0.3, 0.2, -3;
  const Hyperparameters h{logs.head(2).array().exp(), std::exp(0.2), std::exp(-3)};
  const MatrixXd scaled = inverse_lengths(h, training.groups).asDiagonal() * training.features;
  MatrixXd covariance = squared_distances(scaled, scaled);
  correlate(GetParam(), covariance.array(), nullptr);
  covariance *= h.signal;
  covariance.diagonal().array() += h.noise;
  const double expected = -training.targets.dot(covariance.ldlt().solve(training.targets)) / 2 -
                          std::log(covariance.determinant()) / 2 - 4.5 * std::log(2 * std::numbers::pi);
  double prior = -0.02 + 0.1 * -3 - 30 * std::exp(-3);
  for (const double log_length : {-0.5, 0.3}) {
    const double z = (log_length - std::numbers::sqrt2 - std::log(2.0) / 2) / std::numbers::sqrt3;
    prior -= log_length + z * z / 2;
  }
  EXPECT_NEAR(log_posterior_density(training, GetParam(), logs, nullptr), expected + prior, 1e-9);
}

TEST_P(Density, GradientIsTheDerivative) {
  const Training training = smooth_training(4, 40, 2);
  VectorXd logs(5);
  logs << -0.5, 0.3, -1, 0.2, -4;
  VectorXd gradient;
  const double value = log_posterior_density(training, GetParam(), logs, &gradient);
  EXPECT_NEAR(value, log_posterior_density(training, GetParam(), logs, nullptr), 1e-9);
  for (Eigen::Index i = 0; i < logs.size(); ++i) {
    VectorXd up = logs;
    VectorXd down = logs;
    up[i] += 1e-5;
    down[i] -= 1e-5;
    const double numeric = (log_posterior_density(training, GetParam(), up, nullptr) -
                            log_posterior_density(training, GetParam(), down, nullptr)) /
                           2e-5;
    EXPECT_NEAR(gradient[i], numeric, 1e-5 * (1 + std::abs(numeric))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Density, testing::Values(Kernel::kMatern52, Kernel::kRbf));

TEST(Fit, FindsWhatMattersAndHowNoisyItIs) {
  Training training;
  training.features = random_features(3, 80, 5);
  training.groups = {0, 1, 2};
  training.group_count = 3;
  training.targets.resize(80);
  Rng rng(6, Purpose::kSimulate, 0);
  for (Eigen::Index j = 0; j < 80; ++j) {
    training.targets[j] = 1.4 * std::sin(6 * training.features(0, j)) + 0.2 * rng.normal();
  }
  const auto fit = fit_hyperparameters(training, Kernel::kMatern52);
  ASSERT_TRUE(fit);
  EXPECT_LT(fit->hyperparameters.lengths[0] * 4, fit->hyperparameters.lengths[1]);
  EXPECT_LT(fit->hyperparameters.lengths[0] * 4, fit->hyperparameters.lengths[2]);
  EXPECT_GT(fit->hyperparameters.noise, 0.02);
  EXPECT_LT(fit->hyperparameters.noise, 0.08);

  const auto smooth = fit_hyperparameters(smooth_training(3, 60, 5), Kernel::kMatern52);
  ASSERT_TRUE(smooth);
  EXPECT_LT(smooth->hyperparameters.noise, 1e-4);
}

TEST(Fit, OneObservationAndTenEqualOnes) {
  Training one = smooth_training(3, 1, 1);
  EXPECT_TRUE(fit_hyperparameters(one, Kernel::kMatern52));
  Training same = smooth_training(3, 10, 1);
  same.features.colwise() = VectorXd(same.features.col(0));
  EXPECT_TRUE(fit_hyperparameters(same, Kernel::kMatern52));
  Training none = smooth_training(3, 1, 1);
  none.features.resize(3, 0);
  none.targets.resize(0);
  EXPECT_FALSE(fit_hyperparameters(none, Kernel::kMatern52));
}

}  // namespace
}  // namespace coppice::gp
