/// The worker's side of a trial host: a process with the user's training code that serves segment after
/// segment. What they say to each other is in PROTOCOL.md.
///
/// Ownership: owns the process; when a TrialHost goes, the process and what it started are killed.
/// Threads: one; nothing here blocks. Failure: whatever the process does is a HostMessage; HostExited is the
/// last one. Throws std::invalid_argument where a plain program's command names an unknown parameter,
/// std::system_error where the machine has no descriptors left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spec/study_spec.hpp"
#include "worker/host_messages.hpp"
#include "worker/spawner.hpp"

namespace coppice {

struct HostLaunch {
  std::vector<std::string> command;  ///< argv; a relative program is looked up in `cwd`, a bare name in PATH
  HostProtocol protocol = HostProtocol::kServe;
  std::vector<std::string>
      parameter_names;        ///< kStdout: all of the study, so that a wrong placeholder is found
  std::filesystem::path cwd;  ///< empty: ours
  std::filesystem::path log;  ///< stdout and stderr are appended to it; its folder must be there
  std::map<std::string, std::string> environment;  ///< set in the child, e.g. CUDA_VISIBLE_DEVICES
  std::vector<std::string> unset;                  ///< removed from the child's environment
  std::vector<int> cpus;                           ///< may run on these only; empty: on ours
  double startup_s = 120;                          ///< until it says hello
  std::int64_t memory_limit_bytes = 0;             ///< of it and all that it starts; 0: no limit
};

class TrialHost {
 public:
  /// Returns at once: HostReady or HostExited follows.
  static TrialHost start(Spawner& spawner, const HostLaunch& launch);

  TrialHost(TrialHost&&) noexcept;
  TrialHost& operator=(TrialHost&&) noexcept;
  ~TrialHost();

  /// Readable when poll() has something to do, a time limit included.
  int fd() const;
  std::vector<HostMessage> poll();

  /// Starts a segment. Precondition: HostReady came, no other segment is running. `checkpoint` is only read
  /// here.
  void run(const SegmentOrder& order, const Blob* checkpoint);
  /// Finish the step under way, save if it can, end the segment. Nothing happens if none is running.
  void stop_segment();
  /// Asks it to exit after the step under way, without saving; HostExited follows, or kill() it.
  void shutdown();
  /// Kills the process and all that it started; HostExited follows.
  void kill();

  bool busy() const;  ///< a segment is running
  /// The last lines that this process printed, in its latest segment if that isn't its first, as valid UTF-8;
  /// for records of a failure.
  std::string last_output(int lines = 20) const;
  /// 0 until it has been started.
  pid_t pid() const;

 private:
  struct State;
  explicit TrialHost(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace coppice
