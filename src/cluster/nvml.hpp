/// NVIDIA's management library, loaded when the program runs: free memory of a device, who uses it, and the
/// slices of divided (MIG) GPUs. It makes no context, so it costs no memory of any device.
///
/// Threads: one at a time. Failure: whatever can't be found out is absent; nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coppice {

struct DeviceMemory {
  std::int64_t free_bytes = 0;
  std::int64_t total_bytes = 0;
  std::vector<int> pids;  ///< processes that compute on it; those of another container have no number here
};

/// By UUID: "GPU-…" or "MIG-…".
std::optional<DeviceMemory> device_memory(const std::string& uuid);

struct ManagedDevice {
  std::string uuid;
  std::string name;
  bool is_slice = false;
};

/// All GPUs that this process may look at, the slices of a divided one in its place.
std::vector<ManagedDevice> managed_devices();

/// Empty where it isn't known.
std::string managed_device_name(const std::string& uuid);

}  // namespace coppice
