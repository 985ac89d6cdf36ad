/// What one process may use of its node: told to all ranks at the start, so that each finds the same places
/// and the same mistakes.
///
/// Threads: `own_allotment` as visible_devices(); the rest is pure. Failure: none; what isn't there is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/cpus.hpp"
#include "cluster/devices.hpp"

namespace coppice {

struct Allotment {
  std::vector<Device> devices;
  int slurm_devices = 0;  ///< how many Slurm says that it gave to the step on this node; 0: it doesn't say
  CpuShare cpus;
  std::int64_t memory_bytes = 0;  ///< of the machine
};

Allotment own_allotment();

/// As one line of text, and back. Null where the text is something else.
std::string encode(const Allotment& allotment);
std::optional<Allotment> decode_allotment(std::string_view text);

}  // namespace coppice
