/// A problem whose runs differ: the true loss is x, uniform in [0, 1], and a run reports x + sd · N + 0.3 N'
/// / √step after each of up to 27 steps, N being drawn once for the run and N' for each report.
#pragma once

#include <cstdint>
#include <vector>

#include "method.hpp"

namespace coppice::bench {

/// The true loss of the trial that looks best at the largest step seen, after each of `budgets` (ascending,
/// in full trainings; reruns are charged, too). With one worker.
std::vector<double> noisy(const Method& method, double run_sd, const std::vector<double>& budgets,
                          std::uint64_t seed);

}  // namespace coppice::bench
