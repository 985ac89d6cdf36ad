/// Problems with a known optimum, for samplers to be measured on. Pure functions.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/search_space.hpp"

namespace coppice::bench {

struct Problem {
  std::string name;
  SearchSpace space;
  double optimum = 0;  ///< the least value
  /// NaN where a trial fails.
  std::function<double(const SearchSpace&, const Values&)> value;
  double noise = 0;    ///< standard deviation of the normal error with which a sampler is told a value
  bool fails = false;  ///< whether some trials do

  /// Whether any optimiser can be measured on it by its values alone.
  bool plain() const { return noise == 0 && !fails; }
};

/// All there are.
const std::vector<Problem>& problems();
/// Null where there is none of that name.
const Problem* find_problem(std::string_view name);

}  // namespace coppice::bench
