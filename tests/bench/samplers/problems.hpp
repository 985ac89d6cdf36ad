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
  std::function<double(const SearchSpace&, const Values&)> value;
};

/// All there are.
const std::vector<Problem>& problems();
/// Null where there is none of that name.
const Problem* find_problem(std::string_view name);

}  // namespace coppice::bench
