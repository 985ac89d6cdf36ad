/// The clocks of the shell: a steady one for everything that is measured, the calendar for what people read.
#pragma once

#include <chrono>
#include <cstdint>

namespace coppice {

inline double steady_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline std::int64_t unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace coppice
