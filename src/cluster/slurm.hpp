/// What Slurm says about this process, and when its allocation ends.
///
/// Threads: reads the environment; call it before threads start. Failure: what isn't there or isn't readable
/// is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// Nothing outside a Slurm job. From the environment only.
std::optional<SlurmInfo> slurm_info();

/// When the allocation ends, in seconds of the Unix clock: what COPPICE_END_TIME says, which is for other
/// batch systems and is stronger; else SLURM_JOB_END_TIME; else what `squeue` says of the job, which may take
/// a few seconds (it is started by vfork, which does no harm to an MPI that is up). Nothing where nobody
/// knows, or there is no limit. Throws std::invalid_argument where COPPICE_END_TIME says no time.
std::optional<std::int64_t> allocation_end_unix_s();

/// A time as `squeue -o %e` prints it: seconds of the Unix clock (with SLURM_TIME_FORMAT=%s) or local time as
/// 2026-01-31T12:00:00. Nothing for anything else (N/A, UNLIMITED).
std::optional<std::int64_t> parse_slurm_time(std::string_view text);

}  // namespace coppice
