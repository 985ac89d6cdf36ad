/// The seed that a program of the user's is given for random numbers of its own. Pure.
#pragma once

#include <cstdint>

#include "coppice/rng.hpp"

namespace coppice {

/// The stream's next number in 31 bits, so that every language's generator takes it.
inline std::uint64_t program_seed(Rng stream) {
  return stream.next_u64() >> 33;
}

}  // namespace coppice
