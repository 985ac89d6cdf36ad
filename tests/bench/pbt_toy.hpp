/// The paper's toy (Jaderberg et al. 2017, figure 2): two members, one knows only the first coordinate's
/// gradient, the other only the second's. The same Study, scheduler and explorer as in a real run, in the
/// simulator with one worker.
#pragma once

#include <cstdint>
#include <string>

namespace coppice {

struct ToyMode {
  std::string name;
  std::string exploit;
  std::string explore;
};

/// The best value of the hidden objective after 200 steps, ready every 4; 1.2 is the optimum.
double run_pbt_toy(const ToyMode& mode, std::uint64_t seed);

struct ToySummary {
  double mean = 0;
  double p5 = 0;  ///< 5th percentile
  double least = 0;
};
/// Over the seeds 0, …, count - 1.
ToySummary summarise_pbt_toy(const ToyMode& mode, int count);

}  // namespace coppice
