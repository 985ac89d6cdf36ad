/// The signals that ask for an orderly stop: SIGTERM (the scheduler ends the job), SIGUSR1 (it will, soon)
/// and SIGINT (the user). A second SIGINT ends the process at once, with status 130.
///
/// Ownership: while it lives, the process's handlers for these are its own, and SIGPIPE and SIGXFSZ are
/// ignored, so that writing to a trial host that died, and past a limit on file sizes, is an error and no
/// death; its destructor restores what was there. One at a time. A program started by `exec` meanwhile
/// inherits what is ignored, so start the spawner of trial hosts before. Threads: signals may arrive on any
/// thread; `take` is for one. Failure: throws std::system_error where the system has no more file
/// descriptors.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>

namespace coppice {

/// "SIGTERM"
std::string stop_signal_name(int number);

class StopSignals {
 public:
  /// A SIGINT within `again_after_s` of the first is the same keystroke: shells and launchers deliver it
  /// twice.
  explicit StopSignals(double again_after_s = 0.3);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// Readable (poll, select) while `take` would return something.
  int fd() const { return fd_; }

  /// A signal that arrived and wasn't taken yet. One that arrives several times meanwhile counts once.
  std::optional<int> take();

 private:
  static constexpr std::array<int, 5> kSignals{SIGTERM, SIGUSR1, SIGINT, SIGPIPE, SIGXFSZ};

  int fd_ = -1;
  std::array<struct sigaction, kSignals.size()> previous_{};
};

}  // namespace coppice
