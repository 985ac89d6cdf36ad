/// How many evaluations CMA-ES needs, without a sampler around it.
#pragma once

#include <string>
#include <vector>

namespace coppice::bench {

struct Convergence {
  std::string function;
  int dimension = 0;
  /// Expected running time: evaluations of all runs over the number that reached 1e-8.
  double evaluations = 0;
  int solved = 0;
};

/// Sphere, ellipsoid, cigar, Rosenbrock, different powers and Rastrigin in 2, 5, 10 and 20 dimensions: from a
/// mean that is uniform in [-4, 4]^d and a step size of 2, with doubling restarts, at most 200,000
/// evaluations. Without Rastrigin in 20 dimensions, which takes hours.
std::vector<Convergence> measure_convergence(int runs);

}  // namespace coppice::bench
