#include "cluster/slurm.hpp"

#include "cluster/environment.hpp"

namespace coppice {

std::optional<SlurmInfo> slurm_info() {
  using cluster_detail::environment;
  using cluster_detail::to_integer;
  const auto job_id = environment("SLURM_JOB_ID");
  if (!job_id || job_id->empty()) return std::nullopt;
  SlurmInfo info;
  info.job_id = *job_id;
  info.step_id = environment("SLURM_STEP_ID").value_or("");
  info.node_list = environment("SLURM_JOB_NODELIST").value_or("");
  info.partition = environment("SLURM_JOB_PARTITION").value_or("");
  info.restart_count = to_integer<int>(environment("SLURM_RESTART_COUNT").value_or("")).value_or(0);
  const auto end = to_integer<std::int64_t>(environment("SLURM_JOB_END_TIME").value_or(""));
  if (end && *end > 0) info.end_time_unix = end;
  return info;
}

}  // namespace coppice
