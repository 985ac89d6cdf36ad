#include "samplers/gp/targets.hpp"

#include <vector>

#include "core/objectives.hpp"

namespace coppice::gp {

std::optional<Eigen::VectorXd> targets_of(std::span<const double> scores, Warp warp) {
  std::vector<double> finite;
  for (const double score : scores) {
    if (score < kWorst) finite.push_back(score);
  }
  if (finite.size() < 2) return std::nullopt;
  const Eigen::VectorXd warped = warp_scores(finite, warp);
  if (warped.isZero()) return std::nullopt;
  Eigen::VectorXd targets(std::ssize(scores));
  const double worst = warped.maxCoeff();
  Eigen::Index next = 0;
  for (Eigen::Index i = 0; i < targets.size(); ++i) {
    targets[i] = scores[static_cast<std::size_t>(i)] < kWorst ? warped[next++] : worst;
  }
  return targets;
}

}  // namespace coppice::gp
