/// Parameters and values of problems, said shortly. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coppice/search_space.hpp"

namespace coppice::bench {

Parameter number(std::string name, double low, double high, bool log = false);
Parameter integer(std::string name, double low, double high, bool log = false);
Parameter choice(std::string name, const std::vector<std::string>& words);
/// Present where the parent has that choice.
Parameter when(Parameter p, std::string parent, const std::string& word);

/// `fallback` where it is absent.
double number_of(const SearchSpace& space, const Values& values, const char* name, double fallback = 0);
bool chosen(const SearchSpace& space, const Values& values, const char* name, std::string_view word);

inline double square(double x) {
  return x * x;
}

}  // namespace coppice::bench
