/// Small data sets for tests of the Gaussian process.
#pragma once

#include <cmath>

#include "coppice/rng.hpp"
#include "samplers/gp/kernel.hpp"

namespace coppice::gp {

inline Eigen::MatrixXd random_features(Eigen::Index d, Eigen::Index n, std::uint64_t seed) {
  Rng rng(seed, Purpose::kSimulate, 0);
  Eigen::MatrixXd x(d, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < d; ++i) x(i, j) = rng.uniform() - 0.5;
  }
  return x;
}

/// n observations of a smooth function; the last two features share a group.
inline Training smooth_training(Eigen::Index d, Eigen::Index n, std::uint64_t seed) {
  Training training;
  training.features = random_features(d, n, seed);
  training.targets.resize(n);
  for (Eigen::Index j = 0; j < n; ++j) {
    const auto x = training.features.col(j);
    training.targets[j] = std::sin(5 * x[0]) + 2 * x.squaredNorm() - 0.7;
  }
  for (Eigen::Index i = 0; i < d; ++i) training.groups.push_back(static_cast<int>(std::min(i, d - 2)));
  training.group_count = static_cast<int>(d - 1);
  return training;
}

}  // namespace coppice::gp
