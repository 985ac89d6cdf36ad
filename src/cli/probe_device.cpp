// `coppice probe-device`: uses the devices that it sees. Workers start it after a host died; DeviceProbe
// reads what it says.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "cli/commands.hpp"
#include "cluster/cuda_driver.hpp"
#include "worker/device_probe.hpp"

namespace coppice {

int probe_device_command() {
  const std::string failed = try_cuda_devices();
  if (failed.empty()) return 0;
  fmt::print("{}\n", failed);
  std::fflush(stdout);
  // Not through the driver's own clean-up, which can hang or crash on a device that failed.
  std::_Exit(DeviceProbe::kBrokenStatus);
}

}  // namespace coppice
