#include "worker/worker_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace coppice {

HostLaunch host_launch(const Welcome& welcome, const WorkerPlace& place, int rank) {
  HostLaunch launch;
  launch.command = welcome.command;
  launch.protocol = welcome.stdout_protocol ? HostProtocol::kStdout : HostProtocol::kServe;
  launch.cwd = welcome.study_directory;
  launch.parameter_names = welcome.parameter_names;
  launch.log = std::filesystem::path(welcome.run_directory) / "logs" / fmt::format("worker-{}.log", rank);
  launch.startup_s = welcome.startup_timeout_s;
  launch.memory_limit_bytes = welcome.memory_limit_bytes / welcome.repeats;
  launch.environment = place.environment;
  launch.cpus = place.cpus;
  if (place.threads > 0 && std::getenv("OMP_NUM_THREADS") == nullptr) {
    launch.environment["OMP_NUM_THREADS"] = std::to_string(std::max(1, place.threads / welcome.repeats));
  }
  return launch;
}

}  // namespace coppice
