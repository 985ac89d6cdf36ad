/// Which observations a Gaussian process keeps where there are more than it can afford: the best third, the
/// most recent third, and an even choice of the rest, which shows where it was looked already.
/// Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace coppice::gp {

/// Indices of at most `limit` of `scores`, which are in the order of trials; ascending.
std::vector<std::size_t> choose_observations(std::span<const double> scores, std::size_t limit);

}  // namespace coppice::gp
