/// The helper's side of spawner.hpp: what runs in the forked process, and the words that the two exchange.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "worker/unique_fd.hpp"

namespace coppice {

/// Helper → owner, one datagram on the child's channel; owner → helper is one byte, the number of a signal.
struct ChildNews {
  enum Kind : int { kStarted = 1, kNotStarted, kExited };
  enum Cause : int { kItself = 0, kOrdered, kMemory };
  int kind = 0;
  int value = 0;        ///< kStarted: pid; kNotStarted: errno; kExited: waitpid's status
  int stage = 0;        ///< kNotStarted: see StartFailure
  int cause = kItself;  ///< kExited: who ended it
  std::int64_t peak_bytes =
      0;  ///< kExited: memory of its largest process, or of all where that was looked at
};

/// Serves start requests on `control` until its other end is closed. `parent` is who forked us.
[[noreturn]] void run_spawner(UniqueFd control, pid_t parent);

}  // namespace coppice
