#include "samplers/gp/posterior.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace coppice::gp {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// The lower factor of a symmetric matrix, with the smallest jitter of a ladder that makes it definite.
std::optional<MatrixXd> cholesky(const MatrixXd& covariance, double scale) {
  for (const double jitter : {0.0, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4}) {
    MatrixXd shifted = covariance;
    shifted.diagonal().array() += jitter * scale;
    const Eigen::LLT<Eigen::Ref<MatrixXd>> factor(shifted);
    if (factor.info() != Eigen::Success) continue;
    shifted.triangularView<Eigen::StrictlyUpper>().setZero();
    return shifted;
  }
  return std::nullopt;
}

/// log of the mean of exp, and the weights of a softmax.
double log_mean_exp(const VectorXd& values, VectorXd* weights) {
  const double highest = values.maxCoeff();
  if (!std::isfinite(highest)) {
    if (weights != nullptr) weights->setConstant(values.size(), 1 / static_cast<double>(values.size()));
    return highest;
  }
  const VectorXd exponentials = (values.array() - highest).exp();
  const double sum = exponentials.sum();
  if (weights != nullptr) *weights = exponentials / sum;
  return highest + std::log(sum / static_cast<double>(values.size()));
}

}  // namespace

std::optional<Posterior> Posterior::make(const Training& training, Kernel kernel,
                                         const Hyperparameters& hyperparameters, const MatrixXd& pending,
                                         const MatrixXd& base_samples) {
  const Index n = training.size();
  const Index q = pending.cols();
  check(n > 0, "a posterior without an observation");
  check(base_samples.rows() == q && (q == 0 || base_samples.cols() > 0), "base samples of other points");

  Posterior posterior;
  posterior.kernel_ = kernel;
  posterior.signal_ = hyperparameters.signal;
  posterior.noise_ = hyperparameters.noise;
  posterior.observed_ = n;
  posterior.inverse_lengths_ = gp::inverse_lengths(hyperparameters, training.groups);
  posterior.scaled_ = posterior.inverse_lengths_.asDiagonal() * training.features;

  MatrixXd all = posterior.covariance(posterior.scaled_, posterior.scaled_);
  all.diagonal().array() += posterior.noise_;
  const auto observed = cholesky(all, posterior.signal_);
  if (!observed) return std::nullopt;
  posterior.beta_ = observed->triangularView<Eigen::Lower>().solve(training.targets);
  const VectorXd weights = observed->transpose().triangularView<Eigen::Upper>().solve(posterior.beta_);
  posterior.fitted_ = training.targets - posterior.noise_ * weights;
  const Index contenders = training.contenders > 0 ? training.contenders : n;
  posterior.thresholds_ = VectorXd::Constant(1, posterior.fitted_.head(contenders).minCoeff());
  posterior.factor_ = *observed;
  if (q == 0) return posterior;

  const MatrixXd scaled_pending = posterior.inverse_lengths_.asDiagonal() * pending;
  const MatrixXd between =
      observed->triangularView<Eigen::Lower>().solve(posterior.cross_covariance(pending));
  const VectorXd pending_mean = between.transpose() * posterior.beta_;
  MatrixXd rest = posterior.covariance(scaled_pending, scaled_pending);
  rest -= between.transpose() * between;
  rest.diagonal().array() += posterior.noise_;
  const auto last = cholesky(rest, posterior.signal_);
  if (!last) return std::nullopt;

  posterior.scaled_.conservativeResize(Eigen::NoChange, n + q);
  posterior.scaled_.rightCols(q) = scaled_pending;
  posterior.factor_.setZero(n + q, n + q);
  posterior.factor_.topLeftCorner(n, n) = *observed;
  posterior.factor_.bottomLeftCorner(q, n) = between.transpose();
  posterior.factor_.bottomRightCorner(q, q) = *last;
  posterior.fantasies_ = base_samples;

  const Index count = base_samples.cols();
  MatrixXd targets(n + q, count);
  targets.topRows(n).colwise() = training.targets;
  targets.bottomRows(q) = (*last * base_samples).colwise() + pending_mean;
  MatrixXd solved(n + q, count);
  solved.topRows(n).colwise() = posterior.beta_;
  solved.bottomRows(q) = base_samples;
  posterior.factor_.transpose().triangularView<Eigen::Upper>().solveInPlace(solved);
  const MatrixXd drawn = targets - posterior.noise_ * solved;
  posterior.thresholds_ =
      drawn.topRows(contenders).colwise().minCoeff().cwiseMin(drawn.bottomRows(q).colwise().minCoeff());
  return posterior;
}

MatrixXd Posterior::covariance(const MatrixXd& scaled_a, const MatrixXd& scaled_b) const {
  MatrixXd result = squared_distances(scaled_a, scaled_b);
  correlate(kernel_, result.array(), nullptr);
  return result * signal_;
}

MatrixXd Posterior::cross_covariance(const MatrixXd& features) const {
  return covariance(scaled_, inverse_lengths_.asDiagonal() * features);
}

Posterior::Prediction Posterior::predict(const MatrixXd& features) const {
  const MatrixXd v = factor_.triangularView<Eigen::Lower>().solve(cross_covariance(features));
  Prediction prediction;
  prediction.mean = v.topRows(observed_).transpose() * beta_;
  const VectorXd explained = v.colwise().squaredNorm();
  prediction.sigma = (signal_ - explained.array()).max(1e-12 * signal_).sqrt();
  return prediction;
}

VectorXd Posterior::acquire(const MatrixXd& features, Acquisition acquisition, double kappa) const {
  MatrixXd v = cross_covariance(features);
  factor_.triangularView<Eigen::Lower>().solveInPlace(v);
  const VectorXd mean = v.topRows(observed_).transpose() * beta_;
  const VectorXd explained = v.colwise().squaredNorm();
  const VectorXd sigma = (signal_ - explained.array()).max(1e-12 * signal_).sqrt();
  VectorXd values(features.cols());
  const bool averaged = fantasies_.cols() > 0 && acquisition != Acquisition::kConfidenceBound;
  if (!averaged) {
    for (Index i = 0; i < values.size(); ++i) {
      values[i] = gp::acquire(acquisition, mean[i], sigma[i], thresholds_[0], kappa).value;
    }
    return values;
  }
  const MatrixXd shifts = fantasies_.transpose() * v.bottomRows(fantasies_.rows());
  VectorXd each(fantasies_.cols());
  for (Index i = 0; i < values.size(); ++i) {
    for (Index s = 0; s < each.size(); ++s) {
      each[s] = gp::acquire(acquisition, mean[i] + shifts(s, i), sigma[i], thresholds_[s], kappa).value;
    }
    values[i] = log_mean_exp(each, nullptr);
  }
  return values;
}

double Posterior::acquire_with_gradient(const VectorXd& features, Acquisition acquisition, double kappa,
                                        VectorXd& gradient) const {
  const VectorXd scaled = inverse_lengths_.cwiseProduct(features);
  const VectorXd norms = (scaled_.colwise() - scaled).colwise().squaredNorm();
  Eigen::ArrayXXd covariance = norms.array();
  Eigen::ArrayXXd slopes(covariance.rows(), 1);
  Eigen::Ref<Eigen::ArrayXXd> slope(slopes);
  correlate(kernel_, covariance, &slope);
  covariance *= signal_;

  VectorXd v = covariance.col(0).matrix();
  factor_.triangularView<Eigen::Lower>().solveInPlace(v);
  const double mean = v.head(observed_).dot(beta_);
  const double sigma = std::sqrt(std::max(signal_ - v.squaredNorm(), 1e-12 * signal_));

  // With the factor L of observed and pending points and v = L^-1 k: d mean = dk' L^-T [beta; base sample]
  // and d sigma = -dk' L^-T v / sigma, so that one solve is enough for both.
  VectorXd direction = VectorXd::Zero(v.size());
  double value = 0;
  const bool averaged = fantasies_.cols() > 0 && acquisition != Acquisition::kConfidenceBound;
  if (!averaged) {
    const AcquisitionValue result = gp::acquire(acquisition, mean, sigma, thresholds_[0], kappa);
    value = result.value;
    direction.head(observed_) = result.by_mean * beta_;
    direction -= result.by_sigma / sigma * v;
  } else {
    const VectorXd shifts = fantasies_.transpose() * v.tail(fantasies_.rows());
    VectorXd each(shifts.size());
    VectorXd by_mean(shifts.size());
    VectorXd by_sigma(shifts.size());
    for (Index s = 0; s < shifts.size(); ++s) {
      const AcquisitionValue result =
          gp::acquire(acquisition, mean + shifts[s], sigma, thresholds_[s], kappa);
      each[s] = result.value;
      by_mean[s] = result.by_mean;
      by_sigma[s] = result.by_sigma;
    }
    VectorXd shares;
    value = log_mean_exp(each, &shares);
    const VectorXd weighted = shares.cwiseProduct(by_mean);
    direction.head(observed_) = weighted.sum() * beta_;
    direction.tail(fantasies_.rows()) += fantasies_ * weighted;
    direction -= shares.dot(by_sigma) / sigma * v;
  }
  factor_.transpose().triangularView<Eigen::Upper>().solveInPlace(direction);
  // dk_j / dz = signal * slope_j * 2 (z - z_j)
  const VectorXd weights = direction.cwiseProduct(slopes.col(0).matrix()) * (2 * signal_);
  gradient = weights.sum() * scaled - scaled_ * weights;
  return value;
}

std::optional<VectorXd> Posterior::sample(const MatrixXd& features, const VectorXd& normal) const {
  const MatrixXd v = factor_.triangularView<Eigen::Lower>().solve(cross_covariance(features));
  const MatrixXd scaled = inverse_lengths_.asDiagonal() * features;
  MatrixXd rest = covariance(scaled, scaled);
  rest.noalias() -= v.transpose() * v;
  rest.diagonal().array() += 1e-8 * signal_;
  const auto factor = cholesky(rest, signal_);
  if (!factor) return std::nullopt;
  return *factor * normal + v.topRows(observed_).transpose() * beta_;
}

}  // namespace coppice::gp
