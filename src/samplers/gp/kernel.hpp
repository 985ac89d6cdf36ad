/// Covariance functions over feature vectors. A feature vector is a column; columns of a matrix are points.
/// Every feature belongs to a *group*, and a group has one length scale: a numeric parameter is a group of
/// one feature, a categorical one a group of indicators whose squared distance is 1 where choices differ.
///
/// Stationary, with q = sum over groups of (squared distance / squared length scale):
/// Matern-5/2 (1 + s + s^2/3) exp(-s), s = sqrt(5 q); RBF exp(-q / 2). C. E. Rasmussen and C. K. I. Williams,
/// "Gaussian Processes for Machine Learning" (2006), equations 4.17 and 4.9.
///
/// Pure functions; safe from any thread.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace coppice::gp {

enum class Kernel { kMatern52, kRbf };

/// What a Gaussian process is conditioned on.
struct Training {
  Eigen::MatrixXd features;  ///< one column for each observation
  Eigen::VectorXd targets;   ///< mean about 0, variance about 1
  std::vector<int> groups;   ///< of each feature, dense from 0
  int group_count = 0;
  Eigen::Index contenders = 0;  ///< so many of the first are what an improvement is measured against; 0: all

  Eigen::Index size() const { return features.cols(); }
};

struct Hyperparameters {
  Eigen::VectorXd lengths;  ///< one for each group
  double signal = 1;        ///< variance of the function
  double noise = 0;         ///< variance of an observation around it
};

/// 1 / length for each feature.
Eigen::VectorXd inverse_lengths(const Hyperparameters& hyperparameters, const std::vector<int>& groups);

/// Correlations at squared scaled distances, in place; and, where `slopes` is not null, their derivatives by
/// that distance.
void correlate(Kernel kernel, Eigen::Ref<Eigen::ArrayXXd> distances, Eigen::Ref<Eigen::ArrayXXd>* slopes);

/// Squared distances between the columns of `a` and those of `b`, a.cols() x b.cols().
Eigen::MatrixXd squared_distances(const Eigen::Ref<const Eigen::MatrixXd>& a,
                                  const Eigen::Ref<const Eigen::MatrixXd>& b);

}  // namespace coppice::gp
