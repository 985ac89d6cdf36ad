/// Minimises a smooth function in a box: a projected L-BFGS with backtracking.
///
/// D. P. Bertsekas, "Projected Newton methods for optimization problems with simple constraints", SIAM J.
/// Control Optim. 20 (1982), for the active set and the Armijo rule along the projected path; J. Nocedal,
/// "Updating quasi-Newton matrices with limited storage", Math. Comput. 35 (1980), for the direction. Simpler
/// than L-BFGS-B: the active set is chosen anew at each iteration, by the signs of the gradient.
///
/// A pure function of its arguments; safe from any thread.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace coppice::gp {

/// Returns the value and writes the gradient. A value that is not finite says that the point can't be used.
using Objective = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct BoxMinimiserOptions {
  int max_evaluations = 100;
  double gradient_tolerance = 1e-5;  ///< of the largest component of the projected gradient
  double value_tolerance = 1e-10;    ///< decrease in one iteration, relative to 1 + |value|
  double first_step = 0.2;           ///< length of the first move, largest component
};

struct BoxMinimum {
  Eigen::VectorXd x;
  double value = 0;
  int evaluations = 0;
};

/// Precondition: low <= high everywhere. `start` is clipped to the box. Where the value at the start is not
/// finite the start is returned.
BoxMinimum minimise_in_box(const Objective& objective, const Eigen::VectorXd& start,
                           const Eigen::VectorXd& low, const Eigen::VectorXd& high,
                           const BoxMinimiserOptions& options);

}  // namespace coppice::gp
