/// The helper's side of spawner.hpp: what runs in the forked process, and the words that the two exchange.
#pragma once

#include <sys/types.h>

#include "worker/unique_fd.hpp"

namespace coppice {

/// Helper → owner, one datagram on the child's channel; owner → helper is one byte, the number of a signal.
struct ChildNews {
  enum Kind : int { kStarted = 1, kNotStarted, kExited };
  int kind = 0;
  int value = 0;  ///< kStarted: pid; kNotStarted: errno; kExited: waitpid's status
  int stage = 0;  ///< kNotStarted: see StartFailure
};

/// Serves start requests on `control` until its other end is closed. `parent` is who forked us.
[[noreturn]] void run_spawner(UniqueFd control, pid_t parent);

}  // namespace coppice
