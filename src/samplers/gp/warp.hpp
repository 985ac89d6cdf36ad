/// From scores to what a Gaussian process is conditioned on: mean 0, variance 1, and nearer to normal.
/// Monotone: a better score never gets a worse target. Pure functions; safe from any thread.
#pragma once

#include <Eigen/Core>
#include <span>

namespace coppice::gp {

enum class Warp {
  kNone,   ///< mean and variance only
  kPower,  ///< I.-K. Yeo and R. A. Johnson, "A new family of power transformations", Biometrika 87 (2000)
};

/// A score that is worse than the median by more than 20 times what the median is worse than the best counts
/// as that: how far a training diverged says nothing, and one 1e30 would leave no difference between the
/// others. Precondition: finite scores.
Eigen::VectorXd capped(Eigen::VectorXd scores);

/// Precondition: finite scores. All 0 where there is but one, or all are equal.
Eigen::VectorXd warp_scores(std::span<const double> scores, Warp warp);

/// Mean 0 and variance 1; 0 everywhere where they are all equal. Precondition: not empty.
Eigen::VectorXd standardised(const Eigen::VectorXd& values);

/// Yeo and Johnson's transformation, and the power that makes `values` most nearly normal (maximum
/// likelihood) in [-2, 2].
double yeo_johnson(double value, double power);
double fit_yeo_johnson(const Eigen::VectorXd& values);

}  // namespace coppice::gp
