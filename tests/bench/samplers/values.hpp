/// Values of problems, read shortly. Pure functions.
#pragma once

#include <string_view>

#include "coppice/search_space.hpp"

namespace coppice::bench {

/// `fallback` where it is absent.
double number_of(const SearchSpace& space, const Values& values, const char* name, double fallback = 0);
bool chosen(const SearchSpace& space, const Values& values, const char* name, std::string_view word);

inline double square(double x) {
  return x * x;
}

}  // namespace coppice::bench
