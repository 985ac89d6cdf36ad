/// What `coppice check` prints of ranks, nodes, devices and CPUs.
///
/// Pure: the caller gathers and prints. Failure: none.
#pragma once

#include <string>
#include <vector>

#include "cli/places.hpp"
#include "worker/memory_gate.hpp"

namespace coppice {

/// One line for each, in columns, the first of them headed `who` ("rank"): rank → node → local rank → device,
/// its free memory → CPUs. `readings[i]` are of rank i's devices; empty where they can't be read.
std::string places_text(const std::string& who, const Placement& placement,
                        const std::vector<RankInfo>& infos,
                        const std::vector<std::vector<DeviceReading>>& readings);

/// What is wrong with them, a line each: the user's mistakes, and nodes that lack what the others have.
std::vector<std::string> places_problems(const Placement& placement);

/// A rank's readings as one line of text, and back; empty where it is something else.
std::string encode(const std::vector<DeviceReading>& readings);
std::vector<DeviceReading> decode_readings(const std::string& text);

}  // namespace coppice
