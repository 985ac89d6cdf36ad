#include "samplers/gp/kernel.hpp"

#include <cmath>

namespace coppice::gp {

Eigen::VectorXd inverse_lengths(const Hyperparameters& hyperparameters, const std::vector<int>& groups) {
  Eigen::VectorXd inverse(static_cast<Eigen::Index>(groups.size()));
  for (Eigen::Index i = 0; i < inverse.size(); ++i) {
    inverse[i] = 1 / hyperparameters.lengths[groups[static_cast<std::size_t>(i)]];
  }
  return inverse;
}

void correlate(Kernel kernel, Eigen::Ref<Eigen::ArrayXXd> distances, Eigen::Ref<Eigen::ArrayXXd>* slopes) {
  Eigen::ArrayXd root(distances.rows());
  Eigen::ArrayXd decay(distances.rows());
  for (Eigen::Index j = 0; j < distances.cols(); ++j) {
    auto q = distances.col(j);
    if (kernel == Kernel::kRbf) {
      q = (q * -0.5).exp();
      if (slopes != nullptr) slopes->col(j) = q * -0.5;
      continue;
    }
    root = (q * 5).sqrt();
    decay = (-root).exp();
    q = (1 + root + q * (5.0 / 3)) * decay;
    if (slopes != nullptr) slopes->col(j) = (1 + root) * decay * (-5.0 / 6);
  }
}

Eigen::MatrixXd squared_distances(const Eigen::Ref<const Eigen::MatrixXd>& a,
                                  const Eigen::Ref<const Eigen::MatrixXd>& b) {
  Eigen::MatrixXd distances = -2 * (a.transpose() * b);
  distances.colwise() += a.colwise().squaredNorm().transpose();
  distances.rowwise() += b.colwise().squaredNorm();
  return distances.cwiseMax(0);
}

}  // namespace coppice::gp
