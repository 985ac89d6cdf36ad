/// The strategy parameters of CMA-ES with active covariance matrix adaptation. Hansen, "The CMA evolution
/// strategy: a tutorial" (arXiv:1604.00772), table 1, with alpha_cov = 2 and c_mu without the term 1/4.
/// Pure functions: safe from any thread.
#pragma once

#include <Eigen/Core>

namespace coppice::cmaes {

struct Constants {
  int dimension = 0;
  int population = 0;       ///< lambda
  int parents = 0;          ///< mu: those with positive weights
  Eigen::VectorXd weights;  ///< best first; positive ones sum up to 1, the rest is negative
  double mu_eff = 0;
  double c_1 = 0;
  double c_mu = 0;
  double c_sigma = 0;
  double d_sigma = 0;
  double c_c = 0;
  double chi = 0;  ///< E |N(0, I)|
};

/// lambda = 4 + floor(3 ln d).
int default_population(int dimension);
/// Preconditions: dimension > 0, population > 3.
Constants make_constants(int dimension, int population);

}  // namespace coppice::cmaes
