/// Another program, run to its end: sbatch, squeue. Without a shell, with nothing on its standard input.
///
/// Threads: any, but it forks: not after MPI_Init on fabrics that forbid that. Failure: in the result.
#pragma once

#include <string>
#include <vector>

namespace coppice {

struct ProgramResult {
  /// Its exit status; 126 or 127 where it could not be started, as a shell has it; 124 where it took longer
  /// than it may and was killed; 128 + n for signal n.
  int status = 0;
  std::string output;  ///< what it printed on stdout
  std::string errors;  ///< and on stderr
};

ProgramResult run_program(const std::vector<std::string>& command, double limit_s);

}  // namespace coppice
