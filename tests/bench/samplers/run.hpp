/// One optimisation of a problem by a sampler, with simulated asynchronous workers.
#pragma once

#include <cstdint>
#include <vector>

#include "core/sampler.hpp"
#include "problems.hpp"

namespace coppice::bench {

/// The regret after each evaluation, in the order in which they end: of the trial with the least score so
/// far, in truth, where scores have an error; kWorst while all have failed. `workers` trials train at a time,
/// each for a lognormal(0, 1/2) time; every change is told, so that the sampler knows what is pending. With
/// one worker: strictly one after the other.
std::vector<double> regrets(Sampler& sampler, const Problem& problem, int evaluations, int workers,
                            std::uint64_t seed);

struct Quartiles {
  double lower = 0;
  double median = 0;
  double upper = 0;
};
/// Linear interpolation between order statistics. Precondition: there is a value.
Quartiles quartiles(std::vector<double> values);

}  // namespace coppice::bench
