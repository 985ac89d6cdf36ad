/// Was this process started by an MPI launcher? Only then may MPI be initialised: a login node has none, and
/// initialising it there fails or hangs.
///
/// Threads: reads the environment; call it before threads start. Failure: none.
#pragma once

#include <string>

namespace coppice {

struct Launcher {
  bool launched = false;  ///< MPI_Init will find other ranks, or know that there are none
  std::string kind;       ///< "mpirun", "srun", "pmix", "pmi", or empty
  /// One line with the fix where processes were started that can't find each other; else empty. The user's
  /// mistake.
  std::string problem;
};

/// A batch script, an `salloc` shell and `srun --pty bash` are no launchers, though Slurm's variables are set
/// in them: one process started by Slurm is no more than a process.
Launcher detect_launcher();

inline bool under_launcher() {
  return detect_launcher().launched;
}

}  // namespace coppice
