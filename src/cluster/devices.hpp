/// The GPUs that this process may use, whoever made them, and the words that show one of them to a child.
///
/// Threads: `visible_devices` reads the environment and loads the driver; call it before threads start, and
/// after everything was forked that will use CUDA itself (the spawner of trial hosts). The rest are pure
/// functions. Failure: any error of the driver means that there is no device.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// Whose words show a device to a process.
enum class DeviceMaker : std::uint8_t { kCuda, kRocm, kLevelZero };

struct Device {
  int index = 0;           ///< among those that this process sees
  std::string uuid;        ///< "GPU-…" or "MIG-…"; empty where there is no driver to ask
  std::string name;        ///< empty where there is no driver to ask
  std::string visible_as;  ///< how the maker's variable names it, e.g. in CUDA_VISIBLE_DEVICES
  DeviceMaker maker = DeviceMaker::kCuda;
  std::string counted_by = {};  ///< without a UUID: whose numbering `visible_as` is; empty: the node's

  /// The same for all processes of a node that see the same device.
  std::string key() const {
    return !uuid.empty() ? uuid : counted_by.empty() ? visible_as : visible_as + " of " + counted_by;
  }
  bool operator==(const Device&) const = default;
};

/// What the CUDA driver shows; each MIG slice is a device of its own, although CUDA shows a process one only.
/// Where there is no driver, what the first of CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES,
/// HIP_VISIBLE_DEVICES and ZE_AFFINITY_MASK that is set names. Empty on a machine without GPUs.
std::vector<Device> visible_devices();

/// The names in such a variable, as its reader does it: up to the first one that is no device ("-1",
/// "NoDevFiles").
std::vector<std::string> split_visible_devices(std::string_view value,
                                               DeviceMaker maker = DeviceMaker::kCuda);

/// The variables of a process that is to see these devices only; of one that is to see none, if there are
/// none. A variable that isn't named stays as it is.
std::map<std::string, std::string> device_environment(const std::vector<Device>& devices);

/// How many devices Slurm gave this step on this node, by its lists of them; 0 where it doesn't say.
int slurm_device_count();

/// Where no driver tells identities, cgroups may have renumbered each process's device to 0. If all of
/// several processes of a node see the same words, and Slurm gave the step enough devices for each to have
/// its own, and not all are seen, then they are taken for different ones. `seen[i]` is what process i sees,
/// `given[i]` its slurm_device_count().
void tell_devices_apart(std::vector<std::vector<Device>>& seen, const std::vector<int>& given);

}  // namespace coppice
