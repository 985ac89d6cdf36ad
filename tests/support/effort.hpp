/// How much a test tries. Under the sanitizers, where all takes ten times as long, a third is enough: they
/// look for mistakes that any try can make.
#pragma once

#include <cstdint>

namespace coppice {

#ifdef COPPICE_SANITIZED
inline constexpr std::uint64_t kThin = 3;
#else
inline constexpr std::uint64_t kThin = 1;
#endif

/// Of so many seeds, how many to try.
constexpr std::uint64_t seeds(std::uint64_t all) {
  return (all + kThin - 1) / kThin;
}

}  // namespace coppice
