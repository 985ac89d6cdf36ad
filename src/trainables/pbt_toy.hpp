/// The toy of population-based training: Jaderberg et al., "Population based training of neural networks"
/// (2017), arXiv:1711.09846, figure 2. The true objective Q = 1.2 - (theta1^2 + theta2^2), to be maximised,
/// is hidden; each step is one of gradient ascent, with step size 0.01, on the surrogate 1.2 - (h1 theta1^2 +
/// h2 theta2^2), from (0.9, 0.9). With h = (1, 0) or (0, 1) one coordinate never moves and Q stays below
/// 0.39: only changing h on the way reaches 1.2. Reports value (Q), theta1, theta2. The caller owns it; one
/// thread.
#pragma once

#include <memory>
#include <vector>

#include "coppice/trainable.hpp"
#include "trainables/parameter_info.hpp"

namespace coppice {

/// h1 and h2, both needed.
const std::vector<ParameterInfo>& pbt_toy_parameters();
std::unique_ptr<Trainable> make_pbt_toy();

}  // namespace coppice
