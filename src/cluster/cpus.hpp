/// The CPUs that this process may use, and what each worker of a node gets of them.
///
/// A rank's hosts inherit its affinity mask: one core each under a plain `mpirun -n 2`, all of the node with
/// `--bind-to none`, its own set under `srun --cpus-per-task`. So workers divide what they may use, and each
/// sets its hosts' mask itself. Threads: call the readers before threads start; divide_cpus is pure. Failure:
/// what can't be read doesn't count.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/bind_devices.hpp"

namespace coppice {

struct Cpu {
  int number = 0;
  int numa_node = 0;
  int core = 0;  ///< the lowest number among the hardware threads of its core
  auto operator<=>(const Cpu&) const = default;
};

/// What one process may use.
struct CpuShare {
  std::vector<Cpu> cpus;        ///< its affinity mask
  std::optional<double> quota;  ///< of its cgroup, in CPUs
  std::string quota_group;      ///< the cgroup that has it: processes in the same one share it
  std::optional<int>
      job_cpus;    ///< of this node, that the batch system gave to all of the job's processes here
  int online = 0;  ///< CPUs that the machine has
};

CpuShare own_cpu_share();

/// The parts of it, on a machine whose files are elsewhere.
Cpu describe_cpu(int number, const std::filesystem::path& devices_system);
/// The tightest limit of a cgroup (version 2 or 1) and those above it. `self` is /proc/self/cgroup.
void read_quota(CpuShare& share, const std::filesystem::path& self, const std::filesystem::path& cgroups);

/// The CPUs of one worker.
struct CpuBinding {
  std::vector<int> cpus;  ///< its hosts' affinity mask, ascending
  int threads = 1;        ///< how many of them it can keep busy
  bool shared = false;    ///< others of the node have them too
  std::string problem;    ///< one line with the fix; else empty. The user's mistake
};

/// Divides a node's CPUs among its workers. A worker whose mask no other one overlaps keeps its own. The
/// others divide the union of theirs in parts that don't overlap, neighbours by NUMA node and core together,
/// whole cores where there are enough. Where there are fewer CPUs than workers, or where a quota or the batch
/// system allows less than the masks hold, nothing is pinned: others may be meant to run on any of them.
/// `cpus_per_worker` absent: all of its part.
std::vector<CpuBinding> divide_cpus(const std::vector<CpuShare>& shares, std::optional<int> cpus_per_worker,
                                    const NodeWorkers& workers = {});

/// "0-3,8", as Linux and Slurm write it.
std::string cpu_list_text(const std::vector<int>& cpus);

}  // namespace coppice
