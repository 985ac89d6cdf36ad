/// The batch script of a study: what `coppice submit` hands to sbatch. Pure text; how it behaves is
/// jobs/launch.sh, of which the script holds a copy, so that it is all that a job needs.
///
/// Threads: any. Failure: none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace coppice {

struct JobRequest {
  std::string name;  ///< of the study
  int nodes = 1;
  int tasks_per_node = 1;
  std::optional<int> gpus_per_node;
  std::optional<int> cpus_per_task;
  std::optional<double> time_s;  ///< absent: the partition's limit
  std::string partition;         ///< empty: the site's default; so the next two
  std::string account;
  std::string qos;
  std::string launcher = "mpirun";    ///< or srun
  std::vector<std::string> extra;     ///< options of sbatch, with or without #SBATCH before them
  std::vector<std::string> prologue;  ///< lines of shell, before the launch
  std::filesystem::path program;      ///< coppice; absolute, as are the next two
  std::filesystem::path directory;    ///< of the results: the script and its log are there as well
  std::vector<std::string> run;       ///< what `coppice run` is given, from the study file on
};

std::string job_script(const JobRequest& request);

/// How long before its end Slurm is to signal the job: time to save, but no large part of a short job.
int signal_lead_s(const std::optional<double>& time_s);

/// D-HH:MM:SS or HH:MM:SS, of full seconds.
std::string slurm_time(double seconds);

/// As one word for a shell, in quotes where it needs them.
std::string shell_word(const std::string& text);

}  // namespace coppice
