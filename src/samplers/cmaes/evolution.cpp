#include "samplers/cmaes/evolution.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/Eigenvalues>

#include "core/check.hpp"
#include "core/normal.hpp"

namespace coppice::cmaes {

namespace {

constexpr double kTolerance = 1e-12;
constexpr double kMaxGrowth = 1e4;
constexpr double kMaxSigma = 1e32;
constexpr double kMaxCondition = 1e14;
constexpr double kLeastEigenvalue = 1e-300;

/// Learning-rate adaptation: Nomura, Akimoto and Ono, "CMA-ES with learning rate adaptation", GECCO 2023.
constexpr double kAlpha = 1.4;
constexpr double kBetaMean = 0.1;
constexpr double kBetaCovariance = 0.03;
constexpr double kGamma = 0.1;

/// Moves a learning rate by the signal-to-noise ratio of its updates.
template <typename Update>
void adapt(double& rate, Update& signal, double& power, const Update& change, double beta) {
  signal = (1 - beta) * signal + beta * change;
  power = (1 - beta) * power + beta * change.squaredNorm();
  const double signal_power = signal.squaredNorm();
  const double noise = power - signal_power;
  const double snr = noise > 0 ? (signal_power - beta / (2 - beta) * power) / noise : 1 / beta;
  const double push = std::clamp(snr / (kAlpha * rate) - 1, -1.0, 1.0);
  rate = std::min(1.0, rate * std::exp(std::min(kGamma * rate, beta) * push));
}

}  // namespace

Evolution::Evolution(const Start& start)
    : constants_(std::make_shared<const Constants>(
          make_constants(static_cast<int>(start.mean.size()), start.population))),
      mean_(start.mean),
      sigma_(start.sigma),
      start_sigma_(start.sigma) {
  const auto d = start.mean.size();
  covariance_ = Eigen::MatrixXd::Identity(d, d);
  axes_ = covariance_;
  lengths_ = Eigen::VectorXd::Ones(d);
  stretch_ = Eigen::VectorXd::Ones(d);
  path_sigma_ = Eigen::VectorXd::Zero(d);
  path_c_ = Eigen::VectorXd::Zero(d);
  const int memory = 10 + static_cast<int>(std::ceil(30.0 * static_cast<double>(d) / start.population));
  best_.assign(static_cast<std::size_t>(memory), 0);
  worst_ = best_;
  if (!start.adapt_learning_rate) return;
  rates_ = LearningRates{};
  rates_->mean_signal = path_c_;
  rates_->covariance_signal = Eigen::MatrixXd::Zero(d, d);
}

Eigen::VectorXd Evolution::sample(Rng& rng) const {
  Eigen::VectorXd z(mean_.size());
  for (double& value : z) value = rng.normal();
  const Eigen::VectorXd y = axes_ * lengths_.cwiseProduct(z);
  return mean_ + sigma_ * stretch_.cwiseProduct(y);
}

Eigen::VectorXd Evolution::within_reach(const Eigen::VectorXd& point) const {
  const double d = constants_->dimension;
  const double reach = std::sqrt(d) + 2 * d / (d + 2);
  const Eigen::VectorXd step = (point - mean_).cwiseQuotient(stretch_ * sigma_);
  const double length = (axes_.transpose() * step).cwiseQuotient(lengths_).norm();
  if (length <= reach) return point;
  return mean_ + reach / length * (point - mean_);
}

void Evolution::update(const Eigen::MatrixXd& points, double best, double worst) {
  const Constants& c = *constants_;
  check(points.cols() == c.population && points.rows() == c.dimension, "a generation of points");
  best_[static_cast<std::size_t>(generation_) % best_.size()] = best;
  worst_[static_cast<std::size_t>(generation_) % worst_.size()] = worst;
  ++generation_;
  const Eigen::VectorXd old_mean = mean_;
  const double old_sigma = sigma_;
  const Eigen::MatrixXd old_covariance = rates_ ? covariance_ : Eigen::MatrixXd();

  Eigen::MatrixXd steps = points.colwise() - mean_;
  steps = (stretch_ * sigma_).cwiseInverse().asDiagonal() * steps;
  const Eigen::VectorXd step = steps.leftCols(c.parents) * c.weights.head(c.parents);
  mean_ += sigma_ * stretch_.cwiseProduct(step);

  const Eigen::VectorXd inverse_lengths = lengths_.cwiseInverse();
  const Eigen::VectorXd white = axes_ * inverse_lengths.cwiseProduct(axes_.transpose() * step);
  path_sigma_ = (1 - c.c_sigma) * path_sigma_ + std::sqrt(c.c_sigma * (2 - c.c_sigma) * c.mu_eff) * white;
  const double length = path_sigma_.norm();
  const bool stalled = length / std::sqrt(1 - std::pow(1 - c.c_sigma, 2.0 * generation_)) >=
                       (1.4 + 2.0 / (c.dimension + 1)) * c.chi;
  path_c_ *= 1 - c.c_c;
  if (!stalled) path_c_ += std::sqrt(c.c_c * (2 - c.c_c) * c.mu_eff) * step;

  Eigen::VectorXd weights = c.weights;
  const Eigen::MatrixXd white_steps = inverse_lengths.asDiagonal() * (axes_.transpose() * steps);
  for (int i = 0; i < c.population; ++i) {
    if (weights[i] < 0) weights[i] *= c.dimension / (white_steps.col(i).squaredNorm() + 1e-8);
  }
  const double lost = stalled ? c.c_1 * c.c_c * (2 - c.c_c) : 0;
  covariance_ = (1 + lost - c.c_1 - c.c_mu * c.weights.sum()) * covariance_ +
                c.c_1 * path_c_ * path_c_.transpose() +
                c.c_mu * steps * weights.asDiagonal() * steps.transpose();
  sigma_ = std::min(sigma_ * std::exp(c.c_sigma / c.d_sigma * (length / c.chi - 1)), kMaxSigma);
  if (rates_) adapt_learning_rates(old_mean, old_sigma * old_sigma * old_covariance);
  decompose();
}

void Evolution::decompose() {
  covariance_ = (0.5 * (covariance_ + covariance_.transpose())).eval();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance_);
  axes_ = solver.eigenvectors();
  // Active updates may leave an eigenvalue at or below 0.
  const Eigen::VectorXd values = solver.eigenvalues();
  const double floor = std::max(kLeastEigenvalue, values.maxCoeff() * 1e-16);
  lengths_ = values.cwiseMax(floor).cwiseSqrt();
  if (values.minCoeff() < floor) {
    covariance_ = axes_ * lengths_.cwiseAbs2().asDiagonal() * axes_.transpose();
  }
}

/// Takes back a part of the last update: of the mean's and of the covariance's, each by its learning rate.
void Evolution::adapt_learning_rates(const Eigen::VectorXd& old_mean, const Eigen::MatrixXd& old_covariance) {
  LearningRates& rates = *rates_;
  const Eigen::MatrixXd new_covariance = sigma_ * sigma_ * covariance_;
  const Eigen::VectorXd mean_change = mean_ - old_mean;
  const Eigen::MatrixXd covariance_change = new_covariance - old_covariance;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(old_covariance);
  const Eigen::MatrixXd root = solver.operatorInverseSqrt();
  const double old_mean_rate = rates.mean;
  adapt<Eigen::VectorXd>(rates.mean, rates.mean_signal, rates.mean_power, root * mean_change, kBetaMean);
  adapt<Eigen::MatrixXd>(rates.covariance, rates.covariance_signal, rates.covariance_power,
                         root * covariance_change * root / std::sqrt(2.0), kBetaCovariance);
  mean_ = old_mean + rates.mean * mean_change;
  const Eigen::MatrixXd covariance = old_covariance + rates.covariance * covariance_change;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> parts(covariance, Eigen::EigenvaluesOnly);
  const double log_volume = parts.eigenvalues().cwiseMax(kLeastEigenvalue).array().log().sum();
  sigma_ = std::exp(log_volume / (2.0 * constants_->dimension));
  covariance_ = covariance / (sigma_ * sigma_);
  // The step size that is best for the mean depends on its learning rate.
  sigma_ *= old_mean_rate / rates.mean;
}

void Evolution::keep_margins(const std::vector<Edges>& edges) {
  const double margin = 1.0 / (constants_->dimension * constants_->population);
  for (std::size_t j = 0; j < edges.size(); ++j) {
    if (edges[j].empty()) continue;
    const auto at = static_cast<Eigen::Index>(j);
    const double unit = sigma_ * std::sqrt(covariance_(at, at));
    const double deviation = unit * stretch_[at];
    const auto upper = std::upper_bound(edges[j].begin(), edges[j].end(), mean_[at]);
    if (upper == edges[j].begin() || upper == edges[j].end()) {
      // The first or last cell: only one edge may be crossed.
      const double edge = upper == edges[j].begin() ? edges[j].front() : edges[j].back();
      const double reach = normal_quantile(1 - margin) * deviation;
      const double distance = mean_[at] - edge;
      mean_[at] = edge + std::clamp(distance, -reach, reach);
      continue;
    }
    const double high = *upper;
    const double low = *std::prev(upper);
    double below = normal_cdf((low - mean_[at]) / deviation);
    double above = normal_cdf((mean_[at] - high) / deviation);
    if (below >= margin / 2 && above >= margin / 2) continue;
    // Each side has half the margin at least; what the middle gives for it is shared by what lies above that.
    const double inside = 1 - below - above;
    const double wanted_below = std::max(below, margin / 2);
    const double wanted_above = std::max(above, margin / 2);
    const double excess = wanted_below + inside + wanted_above - 1;
    const double spare = wanted_below + inside + wanted_above - 3 * margin / 2;
    below = wanted_below - excess * (wanted_below - margin / 2) / spare;
    above = wanted_above - excess * (wanted_above - margin / 2) / spare;
    const double reach_below = normal_quantile(1 - below);
    const double reach_above = normal_quantile(1 - above);
    mean_[at] = (low * reach_above + high * reach_below) / (reach_below + reach_above);
    stretch_[at] = (high - low) / ((reach_below + reach_above) * unit);
  }
}

std::optional<std::string> Evolution::stop_reason() const {
  if (generation_ == 0) return std::nullopt;
  const auto memory = static_cast<int>(best_.size());
  if (generation_ > memory) {
    const auto [low, high] = std::minmax_element(best_.begin(), best_.end());
    const auto worst = std::max_element(worst_.begin(), worst_.end());
    if (std::max(*high, *worst) - *low < kTolerance || !std::isfinite(*low)) return "scores stand still";
  }
  const Eigen::VectorXd deviations = sigma_ * stretch_.cwiseProduct(covariance_.diagonal().cwiseSqrt());
  const double small = kTolerance * start_sigma_;
  if ((deviations.array() < small).all() && ((sigma_ * path_c_).array().abs() < small).all()) {
    return "steps are tiny";
  }
  if (sigma_ * lengths_.maxCoeff() > kMaxGrowth * start_sigma_ && start_sigma_ > 0) return "steps are huge";
  const double condition = lengths_.maxCoeff() / lengths_.minCoeff();
  if (condition * condition > kMaxCondition) return "the covariance is degenerate";
  const auto axis = generation_ % mean_.size();
  const Eigen::VectorXd along =
      mean_ + 0.1 * sigma_ * lengths_[axis] * stretch_.cwiseProduct(axes_.col(axis));
  if ((along.array() == mean_.array()).all()) return "a step along an axis has no effect";
  if (((mean_ + 0.2 * deviations).array() == mean_.array()).any())
    return "a step of a coordinate has no effect";
  return std::nullopt;
}

}  // namespace coppice::cmaes
