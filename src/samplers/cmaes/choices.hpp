/// Categorical parameters beside a CMA-ES: each has a distribution of its own over its choices, which moves
/// towards what the better half of a generation chose. README.md has the rule and its source.
///
/// A value. Written by one thread; read by any number while nobody writes.
#pragma once

#include <vector>

#include <Eigen/Core>

#include "coppice/rng.hpp"
#include "samplers/cmaes/constants.hpp"

namespace coppice::cmaes {

class Choices {
 public:
  /// `counts`: how many choices each parameter has.
  explicit Choices(const std::vector<int>& counts);

  /// The position of a choice for each parameter.
  std::vector<int> sample(Rng& rng) const;
  /// Takes one generation, best first.
  void update(const std::vector<std::vector<int>>& chosen, const Constants& constants);
  const std::vector<Eigen::VectorXd>& probabilities() const { return probabilities_; }

 private:
  std::vector<Eigen::VectorXd> probabilities_;
};

}  // namespace coppice::cmaes
