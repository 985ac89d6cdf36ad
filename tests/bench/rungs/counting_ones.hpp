/// Counting Ones (Falkner, Klein and Hutter, "BOHB", ICML 2018, section 5.1): as many choices of 0 or 1 as
/// probabilities; the objective is minus the share of ones, a probability p being drawn as often as the
/// budget says, 9 to 729 times. Here a step of training is 9 draws, and a full training has 81.
#pragma once

#include <cstdint>
#include <vector>

#include "method.hpp"

namespace coppice::bench {

/// The true regret (the share that isn't ones, in expectation) of the incumbent after each of `budgets`
/// (ascending, in full trainings): the incumbent has the best measured objective at the largest budget seen.
/// With one worker. A trial that goes on is charged for the new steps only, or, `from_scratch`, for all of
/// them.
std::vector<double> counting_ones(const Method& method, int each, const std::vector<double>& budgets,
                                  std::uint64_t seed, bool from_scratch);

}  // namespace coppice::bench
