#include "cluster/launcher.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "cluster/environment.hpp"

namespace coppice {

using cluster_detail::environment;
using cluster_detail::to_integer;

namespace {

/// Slurm's numbers from here on are no steps that srun made: a batch script, an interactive shell.
constexpr std::int64_t kFirstReservedStep = 0xfffffff0;

/// Tasks of the step that srun started this process in; 0 where it didn't.
int tasks_of_step() {
  const auto step = to_integer<std::int64_t>(environment("SLURM_STEP_ID").value_or(""));
  if (!step || *step >= kFirstReservedStep || !environment("SLURM_PROCID")) return 0;
  // Components of a heterogeneous step count their own tasks only, but there are several of them.
  const auto parts = to_integer<int>(environment("SLURM_HET_SIZE").value_or(""));
  if (parts && *parts > 1) return *parts;
  // Not SLURM_NTASKS, which is the job's.
  return to_integer<int>(environment("SLURM_STEP_NUM_TASKS").value_or("1")).value_or(1);
}

}  // namespace

Launcher detect_launcher() {
  // mpirun comes first: inside an allocation it starts its daemons by srun, so Slurm's variables are there
  // too and speak of the daemons.
  if (environment("OMPI_COMM_WORLD_SIZE")) return {true, "mpirun", ""};

  const int tasks = tasks_of_step();
  if (tasks == 1) return {};
  const bool has_pmix = environment("PMIX_RANK") && environment("PMIX_NAMESPACE");
  const bool has_pmi = environment("PMI_RANK") && environment("PMI_SIZE");
  if (tasks > 1) {
    if (has_pmix || has_pmi) return {true, "srun", ""};
    return {
        false, "srun",
        fmt::format("srun started {} processes that can't find each other: use srun --mpi=pmix, or mpirun",
                    tasks)};
  }
  if (has_pmix) return {true, "pmix", ""};
  if (has_pmi) return {true, "pmi", ""};
  return {};
}

}  // namespace coppice
