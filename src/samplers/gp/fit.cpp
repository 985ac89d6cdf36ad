#include "samplers/gp/fit.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "samplers/gp/box_minimiser.hpp"
#include "samplers/gp/triangular.hpp"

namespace coppice::gp {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLengthScale = std::numbers::sqrt3;  ///< of the length's log-normal prior
constexpr double kSignalScale = 1.0;                  ///< of the signal's
constexpr double kNoiseShape = 1.1;
constexpr double kNoiseRate = 30;

// Bounds of the logarithms.
const double kLengthLow = std::log(0.01);
const double kLengthHigh = std::log(100.0);
const double kSignalLow = std::log(0.01);
const double kSignalHigh = std::log(100.0);
const double kNoiseLow = std::log(1e-7);
const double kNoiseHigh = std::log(1.0);

/// Observations that the starts are compared on.
constexpr Index kScoutObservations = 48;
constexpr int kScoutEvaluations = 20;
constexpr int kFitEvaluations = 16;

double length_location(Index groups) {
  return std::numbers::sqrt2 + std::log(static_cast<double>(groups)) / 2;
}

double log_prior(const VectorXd& logs, Index groups, VectorXd* gradient) {
  double sum = 0;
  const double location = length_location(groups);
  for (Index i = 0; i < groups; ++i) {
    const double z = (logs[i] - location) / kLengthScale;
    sum -= logs[i] + z * z / 2;
    if (gradient != nullptr) (*gradient)[i] -= 1 + z / kLengthScale;
  }
  const double signal = logs[groups] / kSignalScale;
  sum -= signal * signal / 2;
  const double noise = std::exp(logs[groups + 1]);
  sum += (kNoiseShape - 1) * logs[groups + 1] - kNoiseRate * noise;
  if (gradient != nullptr) {
    (*gradient)[groups] -= signal / kSignalScale;
    (*gradient)[groups + 1] += kNoiseShape - 1 - kNoiseRate * noise;
  }
  return sum;
}

/// Every k-th observation, `count` of them.
Training thinned(const Training& training, Index count) {
  if (training.size() <= count) return training;
  Training part{MatrixXd(training.features.rows(), count), VectorXd(count), training.groups,
                training.group_count};
  for (Index i = 0; i < count; ++i) {
    const Index from = i * training.size() / count;
    part.features.col(i) = training.features.col(from);
    part.targets[i] = training.targets[from];
  }
  return part;
}

BoxMinimum climb(const Training& training, Kernel kernel, const VectorXd& start, int evaluations) {
  const Index groups = training.group_count;
  VectorXd low = VectorXd::Constant(groups + 2, kLengthLow);
  VectorXd high = VectorXd::Constant(groups + 2, kLengthHigh);
  low[groups] = kSignalLow;
  high[groups] = kSignalHigh;
  low[groups + 1] = kNoiseLow;
  high[groups + 1] = kNoiseHigh;
  const Objective objective = [&](const VectorXd& logs, VectorXd& gradient) {
    const double density = log_posterior_density(training, kernel, logs, &gradient);
    gradient = -gradient;
    return -density;
  };
  return minimise_in_box(objective, start, low, high, {evaluations, 1e-2, 1e-5, 0.5});
}

}  // namespace

double prior_length(int groups) {
  return std::exp(length_location(groups) - kLengthScale * kLengthScale);
}

double log_posterior_density(const Training& training, Kernel kernel, const VectorXd& logs,
                             VectorXd* gradient) {
  const Index n = training.size();
  const Index groups = training.group_count;
  const Index features = training.features.rows();
  const double signal = std::exp(logs[groups]);
  const double noise = std::exp(logs[groups + 1]);
  VectorXd inverse(features);
  for (Index i = 0; i < features; ++i) {
    inverse[i] = std::exp(-logs[training.groups[static_cast<std::size_t>(i)]]);
  }
  const MatrixXd scaled = inverse.asDiagonal() * training.features;
  const VectorXd norms = scaled.colwise().squaredNorm();
  MatrixXd covariance = MatrixXd::Zero(n, n);
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose(), -2);
  MatrixXd slopes;
  if (gradient != nullptr) slopes.resize(n, n);
  for (Index j = 0; j < n; ++j) {
    const Index rest = n - j;
    auto column = covariance.col(j).tail(rest);
    column.array() = (column.array() + norms.tail(rest).array() + norms[j]).max(0);
    column[0] = 0;
    if (gradient != nullptr) {
      Eigen::Ref<Eigen::ArrayXXd> slope(slopes.col(j).tail(rest).array());
      correlate(kernel, column.array(), &slope);
    } else {
      correlate(kernel, column.array(), nullptr);
    }
    column *= signal;
    column[0] += noise;
  }

  const Eigen::LLT<Eigen::Ref<MatrixXd>> factor(covariance);
  const double worst = -std::numeric_limits<double>::infinity();
  if (factor.info() != Eigen::Success) return worst;
  const VectorXd weights = factor.solve(training.targets);
  const double fit = training.targets.dot(weights);
  double density = -fit / 2 - static_cast<double>(n) / 2 * std::log(2 * std::numbers::pi);
  density -= covariance.diagonal().array().log().sum();
  if (gradient == nullptr) return density + log_prior(logs, groups, nullptr);

  // M = a a' - K^-1; the derivative by a parameter t is tr(M dK/dt) / 2. Rasmussen and Williams, (5.9).
  covariance.triangularView<Eigen::StrictlyUpper>().setZero();
  invert_lower(covariance);
  gram_of_lower(covariance);
  gradient->setZero(groups + 2);
  const double trace = weights.squaredNorm() - covariance.diagonal().sum();
  (*gradient)[groups] = (fit - static_cast<double>(n) - noise * trace) / 2;
  (*gradient)[groups + 1] = noise * trace / 2;
  for (Index j = 0; j < n; ++j) {
    const Index rest = n - j;
    auto m = covariance.col(j).tail(rest).array();
    m = (weights.tail(rest).array() * weights[j] - m) * slopes.col(j).tail(rest).array() * signal;
    m[0] = 0;
  }
  // For a feature f: sum_ij M_ij (z_fi - z_fj)^2 = 2 (sum_i z_fi^2 m_i - z_f' M z_f), m = M 1.
  const auto symmetric = covariance.selfadjointView<Eigen::Lower>();
  const MatrixXd z = scaled.transpose();
  const VectorXd row_sums = symmetric * VectorXd::Ones(n);
  const MatrixXd products = symmetric * z;
  for (Index f = 0; f < features; ++f) {
    const double sum = 2 * (z.col(f).array().square().matrix().dot(row_sums) - z.col(f).dot(products.col(f)));
    (*gradient)[training.groups[static_cast<std::size_t>(f)]] -= sum;
  }
  return density + log_prior(logs, groups, gradient);
}

std::optional<Fit> fit_hyperparameters(const Training& training, Kernel kernel) {
  if (training.size() == 0) return std::nullopt;
  const Index groups = training.group_count;
  VectorXd mode = VectorXd::Constant(groups + 2, std::log(prior_length(static_cast<int>(groups))));
  mode[groups] = 0;
  mode[groups + 1] = std::log(1e-4);
  VectorXd rough = mode;  // shorter, and noisy: where the prior's mode is far from what the data say
  rough.head(groups).array() -= std::log(3.0);
  rough[groups + 1] = std::log(0.05);

  const Training scout = thinned(training, kScoutObservations);
  BoxMinimum best = climb(scout, kernel, mode, kScoutEvaluations);
  const BoxMinimum other = climb(scout, kernel, rough, kScoutEvaluations);
  int evaluations = best.evaluations + other.evaluations;
  if (!std::isfinite(best.value) || other.value < best.value) best = other;
  if (training.size() > scout.size()) {
    best = climb(thinned(training, kFitObservations), kernel, best.x, kFitEvaluations);
    evaluations += best.evaluations;
  }
  if (!std::isfinite(best.value)) return std::nullopt;
  return Fit{{best.x.head(groups).array().exp(), std::exp(best.x[groups]), std::exp(best.x[groups + 1])},
             -best.value,
             evaluations};
}

}  // namespace coppice::gp
