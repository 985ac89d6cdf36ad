/// A Gaussian process conditioned on observations and, by fantasies, on points whose results are pending.
///
/// The pending points are appended to the Cholesky factor, q triangular solves instead of a new
/// factorisation. Their results are drawn jointly from the posterior with the given base samples, so each
/// fantasy is a smooth function of the data, and the acquisition is averaged over fantasies (J. Snoek,
/// H. Larochelle, R. P. Adams, "Practical Bayesian optimization of machine learning algorithms", NeurIPS
/// 2012, section 3.2). The variance is the same in all of them. In terms of the factor L of the extended
/// covariance the targets of fantasy s are L [beta; e_s], with the base samples e_s themselves: no solve is
/// needed.
///
/// Immutable after construction; safe from any thread as long as each has a scratch of its own.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

#include "samplers/gp/expected_improvement.hpp"
#include "samplers/gp/kernel.hpp"

namespace coppice::gp {

class Posterior {
 public:
  /// Nothing where the covariance stays indefinite with a jitter of 1e-4 of the signal.
  /// `base_samples`: one row for each pending point, one column for each fantasy; no fantasies where nothing
  /// is pending.
  static std::optional<Posterior> make(const Training& training, Kernel kernel,
                                       const Hyperparameters& hyperparameters, const Eigen::MatrixXd& pending,
                                       const Eigen::MatrixXd& base_samples);

  struct Prediction {
    Eigen::VectorXd mean;   ///< given the observations alone
    Eigen::VectorXd sigma;  ///< of the function, given the pending points too
  };
  Prediction predict(const Eigen::MatrixXd& features) const;

  /// The acquisition at each column of `features`, averaged over fantasies (the logarithm of the mean).
  Eigen::VectorXd acquire(const Eigen::MatrixXd& features, Acquisition acquisition, double kappa) const;
  /// At one point, with the gradient by the *scaled* features, i.e. by feature / length scale.
  double acquire_with_gradient(const Eigen::VectorXd& features, Acquisition acquisition, double kappa,
                               Eigen::VectorXd& gradient) const;

  /// A draw of the function at the columns of `features` from the posterior, with these standard normal
  /// numbers; pending points take their uncertainty away and leave the mean. Nothing where the covariance is
  /// too ill-conditioned.
  std::optional<Eigen::VectorXd> sample(const Eigen::MatrixXd& features, const Eigen::VectorXd& normal) const;

  /// The lowest posterior mean of the function at any point that was observed: what an improvement is
  /// measured against. The lowest observation would be a lucky one where there is noise.
  double incumbent_mean() const { return thresholds_.mean(); }
  /// Posterior means of the function at the observed points.
  const Eigen::VectorXd& fitted() const { return fitted_; }
  const Eigen::VectorXd& inverse_lengths() const { return inverse_lengths_; }
  double signal() const { return signal_; }
  double noise() const { return noise_; }

 private:
  Posterior() = default;
  Eigen::MatrixXd covariance(const Eigen::MatrixXd& scaled_a, const Eigen::MatrixXd& scaled_b) const;
  /// Of observed and pending points with the columns of `features`.
  Eigen::MatrixXd cross_covariance(const Eigen::MatrixXd& features) const;

  Kernel kernel_ = Kernel::kMatern52;
  double signal_ = 1;
  double noise_ = 0;
  Eigen::Index observed_ = 0;
  Eigen::VectorXd inverse_lengths_;
  Eigen::MatrixXd scaled_;      ///< features / lengths of observed and pending points
  Eigen::MatrixXd factor_;      ///< lower
  Eigen::VectorXd beta_;        ///< factor^-1 targets, of the observed ones
  Eigen::MatrixXd fantasies_;   ///< base samples: pending x fantasies
  Eigen::VectorXd thresholds_;  ///< of each fantasy; one where there is none
  Eigen::VectorXd fitted_;
};

}  // namespace coppice::gp
