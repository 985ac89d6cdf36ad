/// Finds out whether a worker's device still works, in a process of its own: what is broken may hang or kill
/// whoever touches it.
///
/// Ownership: owns the process; it is killed when the probe goes. Threads: one; nothing blocks. Failure: a
/// probe that can't be started says nothing against the device; one that crashes or gives no answer in time
/// does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "worker/spawner.hpp"
#include "worker/unique_fd.hpp"

namespace coppice {

class DeviceProbe {
 public:
  static constexpr double kLimit_s = 30;

  /// `command` ends with status 0 where the device works; else it prints why not and ends with
  /// kBrokenStatus. Throws std::system_error where the machine has no descriptors left.
  static constexpr int kBrokenStatus = 3;
  DeviceProbe(Spawner& spawner, const std::vector<std::string>& command,
              const std::map<std::string, std::string>& environment, double now_s);

  /// Readable when poll() has something to do.
  int fd() const { return channel_.fd(); }
  /// The answer, once: empty where nothing speaks against the device, else one line of what failed.
  std::optional<std::string> poll(double now_s);

 private:
  std::string printed() const;

  UniqueFd output_;  ///< a file without a name
  UniqueFd socket_;  ///< a host's control channel, which a probe doesn't use
  ChildChannel channel_;
  double began_s_;
};

}  // namespace coppice
