#include "samplers/gp/triangular.hpp"

namespace coppice::gp {

namespace {

using Block = Eigen::Ref<Eigen::MatrixXd>;

/// Up to here there is nothing to gain by halving.
constexpr Eigen::Index kLeaf = 24;

}  // namespace

void invert_lower(Block lower) {
  const Eigen::Index n = lower.rows();
  if (n <= kLeaf) {
    lower.triangularView<Eigen::Lower>() =
        Eigen::MatrixXd(lower).triangularView<Eigen::Lower>().solve(Eigen::MatrixXd::Identity(n, n)).eval();
    return;
  }
  const Eigen::Index half = n / 2;
  Block first = lower.topLeftCorner(half, half);
  Block second = lower.bottomRightCorner(n - half, n - half);
  Block between = lower.bottomLeftCorner(n - half, half);
  invert_lower(first);
  invert_lower(second);
  // [A 0; B C]^-1 = [A^-1 0; -C^-1 B A^-1, C^-1]
  const Eigen::MatrixXd product = between * first.triangularView<Eigen::Lower>();
  between.noalias() = -(second.triangularView<Eigen::Lower>() * product);
}

void gram_of_lower(Block lower) {
  const Eigen::Index n = lower.rows();
  if (n <= kLeaf) {
    const Eigen::MatrixXd gram = lower.triangularView<Eigen::Lower>().transpose() *
                                 Eigen::MatrixXd(lower.triangularView<Eigen::Lower>());
    lower.triangularView<Eigen::Lower>() = gram;
    return;
  }
  const Eigen::Index half = n / 2;
  Block first = lower.topLeftCorner(half, half);
  Block second = lower.bottomRightCorner(n - half, n - half);
  Block between = lower.bottomLeftCorner(n - half, half);
  // [A 0; B C]: A'A + B'B, C'B, C'C
  gram_of_lower(first);
  first.selfadjointView<Eigen::Lower>().rankUpdate(between.transpose());
  const Eigen::MatrixXd product = second.triangularView<Eigen::Lower>().transpose() * between;
  between = product;
  gram_of_lower(second);
}

}  // namespace coppice::gp
