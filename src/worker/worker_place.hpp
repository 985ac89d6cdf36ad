/// What a worker computes on, and what that means for the hosts that it starts. Values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "wire/messages.hpp"
#include "worker/memory_gate.hpp"
#include "worker/trial_host.hpp"

namespace coppice {

/// What this worker computes on.
struct WorkerPlace {
  std::string host;
  std::string device_uuid;
  std::string device_name;
  std::string visible_device;                      ///< told to user code
  std::map<std::string, std::string> environment;  ///< of its hosts: shows them its own devices only
  std::vector<int> cpus;                           ///< affinity mask of its hosts; empty: as it is
  int threads = 0;                      ///< OMP_NUM_THREADS of its hosts, unless the user set it; 0: as it is
  std::int64_t memory_limit_bytes = 0;  ///< for checkpoints
  std::int64_t gpu_memory_bytes = 0;    ///< must be free on each device before a host starts
  ReadDevices read_devices;             ///< null where they can't be read
  std::vector<std::string> probe_command;  ///< of a DeviceProbe; empty: there is nothing to try
};

/// The launch of a trial host as the coordinator described it: one of `welcome.repeats`, which share the
/// place's memory and threads.
HostLaunch host_launch(const Welcome& welcome, const WorkerPlace& place, int rank);

}  // namespace coppice
