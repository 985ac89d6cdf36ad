#include "cluster/launcher.hpp"

#include <fmt/format.h>

#include "cluster/environment.hpp"

namespace coppice {

using cluster_detail::environment;
using cluster_detail::to_integer;

namespace {

/// Tasks of the Slurm step that this process is one of; 0 where it is in no step. A batch script has no step,
/// or one with a reserved number, and one task in either case.
int tasks_of_step() {
  if (!environment("SLURM_STEP_ID") || !environment("SLURM_PROCID")) return 0;
  // Components of a heterogeneous step count their own tasks only, but there are several of them.
  if (const auto parts = to_integer<int>(environment("SLURM_HET_SIZE").value_or("")); parts && *parts > 1)
    return *parts;
  auto tasks = environment("SLURM_STEP_NUM_TASKS");
  if (!tasks) tasks = environment("SLURM_NTASKS");
  return to_integer<int>(tasks.value_or("1")).value_or(1);
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
