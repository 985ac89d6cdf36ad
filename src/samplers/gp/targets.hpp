/// What a Gaussian process is conditioned on where some of the results are failures. Pure; any thread.
#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>

#include "samplers/gp/warp.hpp"

namespace coppice::gp {

/// One for each score, in their order; nothing where fewer than two are finite, or these are all equal.
/// kWorst, a failure, counts as the worst score that there is. Mean 0 and variance 1 are those of the finite
/// ones: see standardised().
std::optional<Eigen::VectorXd> targets_of(std::span<const double> scores, Warp warp);

}  // namespace coppice::gp
