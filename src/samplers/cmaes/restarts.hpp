/// When CMA-ES has converged it starts again, with another population: IPOP and BIPOP.
///
/// IPOP (Auger and Hansen, "A restart CMA evolution strategy with increasing population size", CEC 2005)
/// doubles it. BIPOP (Hansen, "Benchmarking a BI-population CMA-ES on the BBOB-2009 function testbed") takes
/// turns between that and small populations with small steps, so that both have used as many evaluations.
/// A value; pure functions.
#pragma once

#include <cstdint>

#include "coppice/rng.hpp"

namespace coppice::cmaes {

enum class RestartKind : std::uint8_t { kNone, kIpop, kBipop };

class Restarts {
 public:
  struct Run {
    int population = 0;
    double sigma = 1;
  };

  Restarts(RestartKind kind, int population, double sigma);

  const Run& run() const { return run_; }
  /// How many there were.
  int count() const { return count_; }
  /// Ends the run, which took so many evaluations, and begins the next one.
  void next(std::int64_t evaluations, Rng& rng);

 private:
  RestartKind kind_;
  Run first_;
  Run run_;
  int count_ = 0;
  int doublings_ = 0;
  bool small_ = false;
  std::int64_t small_evaluations_ = 0;
  std::int64_t large_evaluations_ = 0;
};

}  // namespace coppice::cmaes
