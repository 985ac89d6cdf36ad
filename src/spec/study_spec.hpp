/// A study as its file says it, checked and with defaults filled in. Knows nothing of YAML.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/events.hpp"
#include "core/options.hpp"

namespace coppice {

/// (dotted path, canonical text), in a fixed order.
using Identity = std::vector<std::pair<std::string, std::string>>;

struct ObjectiveSpec {
  std::string metric;
  bool minimize = true;
};

/// A sampler, scheduler or stopper by name, with the options given for it.
struct AlgorithmSpec {
  std::string name;
  Options options;
};

struct BudgetSpec {
  std::optional<std::int64_t> trials;
  std::optional<std::int64_t> steps_per_trial;
  std::optional<double> wall_time_s;
  std::optional<double> target;
};

enum class TrainableKind { kBuiltin, kCommand, kPlugin };
enum class HostProtocol { kServe, kStdout };

struct TrainableSpec {
  TrainableKind kind = TrainableKind::kBuiltin;
  std::string builtin;                                  ///< kBuiltin: its name
  std::vector<std::pair<std::string, Value>> settings;  ///< kBuiltin: other keys, e.g. {"dataset", "digits"}
  std::vector<std::string> command;                     ///< kCommand: argv
  HostProtocol protocol = HostProtocol::kServe;         ///< kCommand
  std::string plugin;                                   ///< kPlugin: path
};

struct ResourceSpec {
  std::optional<double> gpus_per_worker;  ///< absent: auto
  int ranks_per_trial = 1;
  std::optional<int> cpus_per_worker;  ///< absent: auto
  /// What a trial host and the processes that it starts may hold in memory; absent: no limit.
  std::optional<std::int64_t> memory_per_worker_bytes;
  std::optional<std::int64_t> gpu_memory_bytes;  ///< free on each device before a host starts; absent: any
};

struct TimeoutSpec {
  double startup_s = 120;           ///< a host's start, until it says hello
  std::optional<double> segment_s;  ///< absent: none
  std::optional<double> stop_s;     ///< how long a stop waits for segments; absent: see README.md
  double worker_s = 60;             ///< how long a worker's silence is no death
};

struct CheckpointSpec {
  double every_s = 60;              ///< within a long segment; 0: only at its end
  int keep = 2;                     ///< safe states of each trial that goes on
  std::filesystem::path directory;  ///< where the copies on disk are; empty: `checkpoints` in the results
};

struct DeterministicSpec {
  bool enabled = false;
  std::optional<std::int64_t> lag;
};

/// What a site needs of job scripts. Says nothing about what is trained.
struct SlurmSpec {
  std::vector<std::string> prologue;  ///< lines of shell before the launch: modules, virtual environments
  std::vector<std::string> extra;     ///< options of sbatch; each begins with `-`, or with `#SBATCH -`
};

struct StudySpec {
  std::string name;
  std::vector<ObjectiveSpec> objectives;
  SearchSpace space;
  AlgorithmSpec sampler{"auto", {}};
  AlgorithmSpec scheduler{"fifo", {}};
  std::vector<AlgorithmSpec> stoppers;  ///< beside the scheduler
  BudgetSpec budget;
  Patience patience;
  TrainableSpec trainable;
  ResourceSpec resources;
  TimeoutSpec timeouts;
  CheckpointSpec checkpoints;
  SlurmSpec slurm;
  DeterministicSpec deterministic;
  bool dedicated_coordinator = false;
  int retries = 2;
  int repeats = 1;  ///< how often each trial is trained, with other seeds; its metrics are the means
  std::uint64_t seed = 0;
  std::filesystem::path directory;  ///< of the study file: relative paths start here
  std::string text;                 ///< the file's text, as it was read
  /// Every setting that makes the study what it is: two studies are the same iff these agree. Name, the rest
  /// of the budget, resources, timeouts, retries, checkpoints and slurm are not in it.
  Identity identity;
};

}  // namespace coppice
