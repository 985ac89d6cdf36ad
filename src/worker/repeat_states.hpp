/// The states of a trial's repeats as one checkpoint: "CPREPEAT", their number, the size of each (unsigned,
/// 64 bits, little endian), then their bytes. Values; throws std::runtime_error where bytes are not such a
/// checkpoint, std::system_error where memory for one is lacking.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "worker/blob.hpp"

namespace coppice {

Blob join_states(std::span<const Blob> states);
/// Precondition: count > 0. Views into `joined`.
std::vector<std::span<const std::byte>> split_states(std::span<const std::byte> joined, std::size_t count);

}  // namespace coppice
