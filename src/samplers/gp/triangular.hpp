/// The inverse of a positive definite matrix from its Cholesky factor, in the n^3/3 + n^3/3 operations that
/// the triangular structure leaves; Eigen's own solve with the identity takes three times as many.
/// Pure functions; safe from any thread.
#pragma once

#include <Eigen/Core>

namespace coppice::gp {

/// Replaces a lower triangular matrix by its inverse; what is above the diagonal must be 0 and stays so.
void invert_lower(Eigen::Ref<Eigen::MatrixXd> lower);

/// The lower triangle of transpose(lower) * lower, in place; above the diagonal nothing is touched.
void gram_of_lower(Eigen::Ref<Eigen::MatrixXd> lower);

}  // namespace coppice::gp
