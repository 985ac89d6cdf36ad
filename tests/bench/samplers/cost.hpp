/// What a proposal and a result cost: time on a processor, so that other programs hardly matter.
#pragma once

#include <string>

namespace coppice::bench {

struct Cost {
  double ask_us = 0;      ///< median
  double tell_us = 0;     ///< median of the two of a trial: pending, and its result
  double tell_99_us = 0;  ///< of 100 tells one takes longer
};

/// Of a sampler that knows `trials` results, in a space of 20 parameters: 10 floats (half of them log), 5
/// ints and 5 choices. Takes the times of the next 300 trials (of 20 at least, where that
/// takes more than 3 s), on this thread.
Cost measure_cost(const std::string& sampler, int trials);

}  // namespace coppice::bench
