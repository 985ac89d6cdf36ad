/// Parameters for tests and benches, said shortly. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "coppice/search_space.hpp"

namespace coppice::spaces {

inline Parameter number(std::string name, double low, double high, bool log = false) {
  Parameter p;
  p.name = std::move(name);
  p.low = low;
  p.high = high;
  p.log = log;
  return p;
}

inline Parameter integer(std::string name, double low, double high, bool log = false) {
  Parameter p = number(std::move(name), low, high, log);
  p.type = ParameterType::kInt;
  return p;
}

inline Parameter stepped(std::string name, double low, double high, double step) {
  Parameter p = number(std::move(name), low, high);
  p.step = step;
  return p;
}

inline Parameter choice(std::string name, std::vector<Value> choices, bool ordered = false) {
  Parameter p;
  p.name = std::move(name);
  p.type = ParameterType::kCategorical;
  p.choices = std::move(choices);
  p.ordered = ordered;
  return p;
}

/// Present where the parent has one of these values.
inline Parameter when(Parameter p, std::string parent, std::vector<Value> values) {
  p.when = Condition{std::move(parent), std::move(values)};
  return p;
}

inline Parameter believed(Parameter p, double mean, double deviation) {
  p.prior = Prior{mean, deviation};
  return p;
}

inline Value text(const char* word) {
  return std::string(word);
}
inline Value whole(std::int64_t n) {
  return n;
}

}  // namespace coppice::spaces
