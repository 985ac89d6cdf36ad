/// How much a test tries. Under the sanitizers, where all takes far longer, about a third: they look for
/// mistakes that any try can make.
#pragma once

#include <cstdint>

namespace coppice {

#ifdef COPPICE_SANITIZED
inline constexpr std::uint64_t kOneOf = 3;
#else
inline constexpr std::uint64_t kOneOf = 1;
#endif

/// Of so many seeds, how many to try.
constexpr std::uint64_t some_of(std::uint64_t all) {
  return (all + kOneOf - 1) / kOneOf;
}

}  // namespace coppice
