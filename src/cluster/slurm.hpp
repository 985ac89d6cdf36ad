/// What Slurm says about this process, from the environment only: asks no daemon and starts no program.
///
/// Threads: reads the environment; call it before threads start. Failure: what isn't there or isn't readable
/// is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace coppice {

struct SlurmInfo {
  std::string job_id;
  std::string step_id;    ///< empty in a batch script
  std::string node_list;  ///< as Slurm writes it: node[1-4,7]
  std::string partition;
  int restart_count = 0;  ///< how often the job was requeued
  std::optional<std::int64_t>
      end_time_unix;  ///< seconds; not every site's Slurm tells it (ask `squeue -o %e` then)
};

/// Nothing outside a Slurm job.
std::optional<SlurmInfo> slurm_info();

}  // namespace coppice
