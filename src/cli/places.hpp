/// Where each worker trains: the devices and CPUs that it takes of its node, by what all ranks told each
/// other at the start.
///
/// Pure but for what a place carries to ask its devices later. Every rank computes the places of all, so all
/// find the same mistakes. Failure: mistakes are lines in the result; the caller throws.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/allotment.hpp"
#include "cluster/signals.hpp"
#include "spec/study_spec.hpp"
#include "transport/mpi.hpp"
#include "worker/worker_place.hpp"

namespace coppice {

/// The place of one rank, or of one local worker.
struct RankPlace {
  bool works = true;  ///< false: a coordinator that doesn't train
  WorkerPlace place;
  std::vector<Device> devices;
  bool cpus_shared = false;  ///< with other workers of its node
  /// Why it must not work although others can: its node lacks what theirs have. The world's failure.
  std::string set_aside;
};

struct Placement {
  std::vector<RankPlace> ranks;
  std::vector<std::string> problems;  ///< the user's mistakes, a line with the fix each
  std::vector<std::string> notes;     ///< what isn't wrong but is worth a line
};

/// `infos[i]` and `allotments[i]` are rank i's. `launched`: by mpirun or srun, else they are local workers.
Placement place_workers(const ResourceSpec& resources, const std::vector<RankInfo>& infos,
                        const std::vector<Allotment>& allotments, bool dedicated_coordinator, bool launched);

/// `count` workers without a launcher; one for each device, else 1, where no count is given.
Placement place_local_workers(const ResourceSpec& resources, std::optional<int> count,
                              const Allotment& allotment);

/// Throws UserError with the first problem.
void require_good(const Placement& placement);

/// Says on stderr what a run is not refused for.
void tell_of(const Placement& placement);

/// Waits until as much device memory is free as is asked for. Blocks, for the host
/// that rank 0 starts before there is a coordinator. Throws StoppedEarly at a signal, std::runtime_error
/// where it stays too little.
void wait_for_device_memory(const WorkerPlace& place, StopSignals& signals);

}  // namespace coppice
