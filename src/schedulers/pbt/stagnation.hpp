/// Whether a population has stopped getting better, by the best score at each of its comparisons. After
/// "Iterated PBT" (2025); see src/schedulers/pbt/README.md. A value.
///
/// The best scores are smoothed by the median of the last three. It stagnates where none of the last
/// `kPatience` smoothed ones is better than the best one before, or where the last one is better than the one
/// `kWindow` comparisons before by less than a standard deviation of the best scores in between.
/// *Departure:* the authors smooth by a Gaussian process.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/board.hpp"

namespace coppice {

class Stagnation {
 public:
  static constexpr std::size_t kPatience = 3;
  static constexpr std::size_t kWindow = 15;

  /// The best score at one more comparison; one that isn't finite is left out.
  void add(Score best);
  /// Why it stagnates; "" where it doesn't.
  std::string verdict() const;

 private:
  std::vector<Score> best_;
  std::vector<Score> smoothed_;
};

}  // namespace coppice
