/// Bounds the start of MPI: initialising it and the gathering at the start are collective, and where a rank
/// dies in between the others wait for it for ever (a launcher that goes on without it doesn't end them).
///
/// From construction to destruction at most so many seconds; past that the process says so and ends at once
/// with status 1. It has nothing to lose yet. The limit is COPPICE_START_LIMIT, in whole seconds, else 300.
/// Threads: uses SIGALRM and alarm(); one at a time. Failure: none.
#pragma once

#include <csignal>

namespace coppice {

class StartLimit {
 public:
  StartLimit();
  StartLimit(const StartLimit&) = delete;
  StartLimit& operator=(const StartLimit&) = delete;
  ~StartLimit();

 private:
  struct sigaction previous_ {};
};

}  // namespace coppice
