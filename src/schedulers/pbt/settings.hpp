/// What a study says of its population. A value.
#pragma once

#include <cstdint>

#include "core/ids.hpp"

namespace coppice {

struct PbtSettings {
  std::int32_t population = 0;
  Step interval = 1;
  Step steps = 1;
  double quantile = 0.25;
  bool exploit = true;
  bool explore = true;
};

}  // namespace coppice
