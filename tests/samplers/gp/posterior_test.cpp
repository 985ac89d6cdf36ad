#include "samplers/gp/posterior.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>

#include "model.hpp"

namespace coppice::gp {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Hyperparameters some_hyperparameters() {
  return {VectorXd::Constant(2, 0.6), 1.3, 1e-3};
}

MatrixXd normals(Eigen::Index rows, Eigen::Index cols) {
  Rng rng(4, Purpose::kSimulate, 0);
  MatrixXd samples(rows, cols);
  for (double& x : samples.reshaped()) x = rng.normal();
  return samples;
}

Posterior some_posterior(Kernel kernel, Eigen::Index pending, Eigen::Index fantasies) {
  const auto posterior = Posterior::make(smooth_training(3, 15, 1), kernel, some_hyperparameters(),
                                         random_features(3, pending, 2), normals(pending, fantasies));
  EXPECT_TRUE(posterior);
  return *posterior;
}

class PosteriorOf : public testing::TestWithParam<Kernel> {};

TEST_P(PosteriorOf, IsTheTextbooks) {
  const Training training = smooth_training(3, 15, 1);
  const Hyperparameters h = some_hyperparameters();
  const MatrixXd x = random_features(3, 4, 9);
  const auto covariance = [&](const MatrixXd& a, const MatrixXd& b) -> MatrixXd {
    MatrixXd k = squared_distances(a / 0.6, b / 0.6);
    correlate(GetParam(), k.array(), nullptr);
    return k * h.signal;
  };
  MatrixXd k = covariance(training.features, training.features);
  k.diagonal().array() += h.noise;
  const MatrixXd cross = covariance(training.features, x);
  const VectorXd mean = cross.transpose() * k.inverse() * training.targets;
  const VectorXd variance =
      h.signal - (cross.array() * (k.inverse() * cross).array()).colwise().sum().transpose();

  const auto prediction = some_posterior(GetParam(), 0, 0).predict(x);
  EXPECT_LT((prediction.mean - mean).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((prediction.sigma.array().square() - variance.array()).abs().maxCoeff(), 1e-9);
}

TEST_P(PosteriorOf, AppendedPointsEqualAFactorisationOfAll) {
  // With one fantasy whose result is y, the model is the one that observed y there.
  const MatrixXd base = normals(4, 1);
  Training training = smooth_training(3, 15, 1);
  const MatrixXd pending = random_features(3, 4, 2);
  const auto appended = Posterior::make(training, GetParam(), some_hyperparameters(), pending, base);
  ASSERT_TRUE(appended);
  // The joint normal of the pending results: its mean and factor, found the long way, point by point.
  VectorXd results(4);
  for (Eigen::Index i = 0; i < 4; ++i) {
    const auto before = Posterior::make(training, GetParam(), some_hyperparameters(), {}, {});
    ASSERT_TRUE(before);
    const auto at = before->predict(pending.col(i));
    results[i] = at.mean[0] + std::sqrt(at.sigma[0] * at.sigma[0] + 1e-3) * base(i, 0);
    Training more = training;
    more.features.conservativeResize(Eigen::NoChange, training.size() + 1);
    more.features.rightCols(1) = pending.col(i);
    more.targets.conservativeResize(training.targets.size() + 1);
    more.targets.tail(1)[0] = results[i];
    training = more;
  }
  const auto whole = Posterior::make(training, GetParam(), some_hyperparameters(), {}, {});
  ASSERT_TRUE(whole);
  const MatrixXd x = random_features(3, 6, 9);
  EXPECT_LT((appended->predict(x).sigma - whole->predict(x).sigma).cwiseAbs().maxCoeff(), 1e-7);
  EXPECT_NEAR(appended->incumbent_mean(), whole->incumbent_mean(), 1e-7);
  for (const auto acquisition : {Acquisition::kExpectedImprovement, Acquisition::kProbabilityOfImprovement}) {
    const VectorXd a = appended->acquire(x, acquisition, 0);
    const VectorXd b = whole->acquire(x, acquisition, 0);
    EXPECT_LT(((a - b).array() / b.array()).abs().maxCoeff(), 1e-5);
  }
}

TEST_P(PosteriorOf, GradientIsTheDerivative) {
  for (const Eigen::Index pending : {0, 5}) {
    const Posterior posterior = some_posterior(GetParam(), pending, pending == 0 ? 0 : 8);
    for (const auto acquisition : {Acquisition::kExpectedImprovement, Acquisition::kConfidenceBound,
                                   Acquisition::kProbabilityOfImprovement}) {
      const VectorXd x = random_features(3, 1, 21).col(0);
      VectorXd gradient;
      const double value = posterior.acquire_with_gradient(x, acquisition, 1.8, gradient);
      EXPECT_NEAR(value, posterior.acquire(x, acquisition, 1.8)[0], 1e-8 * std::abs(value));
      for (Eigen::Index i = 0; i < 3; ++i) {
        VectorXd up = x;
        VectorXd down = x;
        up[i] += 1e-5;
        down[i] -= 1e-5;
        const double numeric =
            (posterior.acquire(up, acquisition, 1.8)[0] - posterior.acquire(down, acquisition, 1.8)[0]) /
            2e-5;
        // The gradient is by feature / length.
        EXPECT_NEAR(gradient[i] / 0.6, numeric, 1e-4 * (1 + std::abs(numeric))) << pending << " " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, PosteriorOf, testing::Values(Kernel::kMatern52, Kernel::kRbf));

TEST(Posterior, PendingPointsAreNotWorthTryingAgain) {
  const MatrixXd pending = random_features(3, 1, 2);
  const Posterior without = some_posterior(Kernel::kMatern52, 0, 0);
  const Posterior with = some_posterior(Kernel::kMatern52, 1, 16);
  const auto acquisition = Acquisition::kExpectedImprovement;
  EXPECT_LT(with.acquire(pending, acquisition, 0)[0], without.acquire(pending, acquisition, 0)[0] - 1);
}

TEST(Posterior, NoiseKeepsALuckyObservationFromBeingTheThreshold) {
  Training training = smooth_training(3, 15, 1);
  training.features.col(1) = training.features.col(0);
  training.features.col(2) = training.features.col(0);
  training.targets.head(3) << -3, 0, 0.3;
  Hyperparameters noisy = some_hyperparameters();
  noisy.noise = 0.5;
  const auto posterior = Posterior::make(training, Kernel::kMatern52, noisy, {}, {});
  ASSERT_TRUE(posterior);
  EXPECT_GT(posterior->incumbent_mean(), -1.6);
  EXPECT_NEAR(posterior->fitted()[0], posterior->predict(training.features.col(0)).mean[0], 1e-9);
}

TEST(Posterior, EqualPointsWithoutNoiseAreHelpedByJitter) {
  Training training = smooth_training(3, 15, 1);
  training.features.col(1) = training.features.col(0);
  training.targets[1] = training.targets[0];
  Hyperparameters exact = some_hyperparameters();
  exact.noise = 0;
  const auto posterior = Posterior::make(training, Kernel::kRbf, exact, {}, {});
  ASSERT_TRUE(posterior);
  EXPECT_TRUE(posterior->predict(random_features(3, 5, 3)).mean.allFinite());
}

TEST(Posterior, SamplesHaveItsMeanAndSpread) {
  const Posterior posterior = some_posterior(Kernel::kMatern52, 0, 0);
  const MatrixXd x = random_features(3, 2, 30);
  const auto prediction = posterior.predict(x);
  const MatrixXd normal = normals(2, 4000);
  VectorXd sum = VectorXd::Zero(2);
  VectorXd squares = VectorXd::Zero(2);
  for (Eigen::Index s = 0; s < normal.cols(); ++s) {
    const auto sample = posterior.sample(x, normal.col(s));
    ASSERT_TRUE(sample);
    sum += *sample;
    squares += (*sample - prediction.mean).array().square().matrix();
  }
  for (Eigen::Index i = 0; i < 2; ++i) {
    const double sigma = prediction.sigma[i];
    EXPECT_NEAR(sum[i] / 4000, prediction.mean[i], 5 * sigma / std::sqrt(4000.0));
    EXPECT_NEAR(squares[i] / 4000 / (sigma * sigma), 1, 5 * std::sqrt(2.0 / 4000));
  }
}

TEST(Posterior, AnImprovementIsMeasuredAgainstTheContendersAlone) {
  Training training = smooth_training(3, 15, 1);
  const auto all = Posterior::make(training, Kernel::kMatern52, some_hyperparameters(), {}, {});
  training.contenders = 4;
  const auto some = Posterior::make(training, Kernel::kMatern52, some_hyperparameters(), {}, {});
  EXPECT_EQ(all->incumbent_mean(), all->fitted().minCoeff());
  EXPECT_EQ(some->incumbent_mean(), all->fitted().head(4).minCoeff());
  EXPECT_GT(some->incumbent_mean(), all->incumbent_mean());
  // A pending point is one, in each fantasy: here its result is far below all others.
  const auto pending = Posterior::make(training, Kernel::kMatern52, some_hyperparameters(),
                                       random_features(3, 1, 2), MatrixXd::Constant(1, 1, -50));
  EXPECT_LT(pending->incumbent_mean(), some->incumbent_mean() - 1);
}

}  // namespace
}  // namespace coppice::gp
