/// The GPUs that this process may use, and which of them each worker of a node gets.
///
/// Threads: `visible_devices` reads the environment and loads the driver; call it before threads start, and
/// after everything was forked that will use CUDA itself (the spawner of trial hosts). The rest are pure
/// functions. Failure: any error of the driver means that there is no device.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

struct Device {
  int index = 0;     ///< among those that this process sees
  std::string uuid;  ///< "GPU-…" or "MIG-…"; empty where there is no driver to ask
  std::string name;  ///< empty where there is no driver to ask
  std::string
      visible_as;  ///< what CUDA_VISIBLE_DEVICES must hold in a child process that is to see this one only

  /// The same for all processes of a node that see the same device.
  const std::string& key() const { return uuid.empty() ? visible_as : uuid; }
  bool operator==(const Device&) const = default;
};

/// What the driver shows. Where there is no driver but CUDA_VISIBLE_DEVICES names devices (a grant for
/// hardware that isn't CUDA's, a virtual cluster), what it names. Empty on a machine without GPUs.
std::vector<Device> visible_devices();

/// The names in CUDA_VISIBLE_DEVICES, as CUDA reads it: up to the first one that is no device ("-1",
/// "NoDevFiles").
std::vector<std::string> split_visible_devices(std::string_view value);

/// Devices as one line of text each, to be told to other ranks, and back. Null where the text is something
/// else.
std::string encode_devices(const std::vector<Device>& devices);
std::optional<std::vector<Device>> decode_devices(std::string_view text);

/// The devices of one worker.
struct DeviceBinding {
  std::vector<Device> devices;
  std::string visible_as;  ///< for the CUDA_VISIBLE_DEVICES of the worker's trial hosts; empty: no device
  std::string
      problem;  ///< one line with the fix, where there are too few devices; else empty. The user's mistake
};

/// Binds the workers of one node, in the order of their local ranks, each to the least used of the devices
/// that it sees. `seen[i]` is what worker i sees: all the same (mpirun, `--gres=gpu:4`), or each its own
/// (`--gpus-per-task=1`). `gpus_per_worker` is 0, a whole number, or a fraction below 1: then workers share a
/// device, up to 1 in sum per device, and never are two halves of different devices taken for one.
std::vector<DeviceBinding> bind_devices(const std::vector<std::vector<Device>>& seen, double gpus_per_worker);

}  // namespace coppice
