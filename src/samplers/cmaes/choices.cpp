#include "samplers/cmaes/choices.hpp"

#include <algorithm>
#include <cmath>

namespace coppice::cmaes {

Choices::Choices(const std::vector<int>& counts) {
  for (const int count : counts) probabilities_.push_back(Eigen::VectorXd::Constant(count, 1.0 / count));
}

std::vector<int> Choices::sample(Rng& rng) const {
  std::vector<int> chosen;
  for (const Eigen::VectorXd& p : probabilities_) {
    double u = rng.uniform();
    int choice = 0;
    while (choice + 1 < p.size() && u >= p[choice]) u -= p[choice++];
    chosen.push_back(choice);
  }
  return chosen;
}

void Choices::update(const std::vector<std::vector<int>>& chosen, const Constants& constants) {
  const auto parameters = static_cast<double>(probabilities_.size());
  for (std::size_t j = 0; j < probabilities_.size(); ++j) {
    Eigen::VectorXd& p = probabilities_[j];
    if (p.size() < 2) continue;
    const auto count = static_cast<double>(p.size());
    const double rate = constants.mu_eff / (constants.mu_eff + count + parameters);
    Eigen::VectorXd wanted = Eigen::VectorXd::Zero(p.size());
    for (int i = 0; i < constants.parents; ++i) {
      wanted[chosen[static_cast<std::size_t>(i)][j]] += constants.weights[i];
    }
    p += rate * (wanted - p);
    // No choice dies: with probability 0.27 at most, a point differs from the favourite in any parameter.
    const double least = (1 - std::pow(0.73, 1 / parameters)) / (count - 1);
    p = p.cwiseMax(least);
    const double excess = p.sum() - 1;
    const double spare = (p.array() - least).sum();
    if (excess > 0) p -= excess / spare * (p.array() - least).matrix();
  }
}

}  // namespace coppice::cmaes
