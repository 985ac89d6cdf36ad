/// The trial hosts of a worker, one for each repeat of a trial, seen as one host.
///
/// With one repeat it is that host and nothing else. With more, each repeat has a process of its own, which
/// trains it as it would a trial of that seed: what a program does to its process (seeds of global
/// generators, threads, caches) never reaches another repeat, and a host need not know of any of this. They
/// train side by side in lock step: a step is ordered of all of them when all have ended the one before.
/// Where some stand further on (functions that don't report each step), the others are first brought there. A
/// report is told when all have reported that step, a checkpoint when all have saved at it: see
/// core/repeats.hpp and repeat_states.hpp.
///
/// Ownership: owns the hosts. Threads: one; nothing here blocks, but states are copied in memory. Failure: as
/// TrialHost; where one repeat fails, the segment does, once the others have ended their step; where one host
/// ends, all do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "worker/host_messages.hpp"
#include "worker/spawner.hpp"
#include "worker/trial_host.hpp"

namespace coppice {

class RepeatedHost {
 public:
  /// Returns at once: HostReady, when all are ready, or HostExited follows. `launch` is that of each; repeat
  /// 0 has the log that it names, the others one beside it. Precondition: repeats > 0. Throws as
  /// TrialHost::start does.
  static RepeatedHost start(Spawner& spawner, const HostLaunch& launch, int repeats);

  RepeatedHost(RepeatedHost&&) noexcept;
  RepeatedHost& operator=(RepeatedHost&&) noexcept;
  ~RepeatedHost();

  // As those of TrialHost.
  int fd() const;
  std::vector<HostMessage> poll();
  void run(const SegmentOrder& order, const Blob* checkpoint);
  /// The step under way is the last: all end there, with their states saved if they can.
  void stop_segment();
  void shutdown();
  void kill();
  /// Of the repeat that failed; if none did, of the first that trains still, else of repeat 0.
  std::string last_output(int lines = 20) const;
  /// Of repeat 0.
  pid_t pid() const;

 private:
  struct State;
  explicit RepeatedHost(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace coppice
