/// Which device each worker of a node gets. Pure.
#pragma once

#include <string>
#include <vector>

#include "cluster/devices.hpp"

namespace coppice {

/// The workers of one node, for messages: `ranks[i]` is worker i's. Without a launcher they have none.
struct NodeWorkers {
  std::string node;
  std::vector<int> ranks;

  /// "ranks 0 to 3 on node1", "rank 2 on node1" or, without ranks, "4 workers on this machine".
  std::string text(std::size_t count) const;
  std::string text_of(std::size_t worker) const;
};

/// The devices of one worker.
struct DeviceBinding {
  std::vector<Device> devices;
  /// One line with the fix, where there is no device left for this worker; else empty. The user's mistake.
  std::string problem;
};

/// Binds the workers of one node, in the order of their local ranks, each to the least used of the devices
/// that it sees. `seen[i]` is what worker i sees: all the same (mpirun, `--gres=gpu:4`), or each its own
/// (`--gpus-per-task=1`). `gpus_per_worker` is 0, a whole number, or a fraction below 1: then workers share a
/// device, up to 1 in sum per device, and never are two halves of different devices taken for one.
std::vector<DeviceBinding> bind_devices(const std::vector<std::vector<Device>>& seen, double gpus_per_worker,
                                        const NodeWorkers& workers = {});

}  // namespace coppice
