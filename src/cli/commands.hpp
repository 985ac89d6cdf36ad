/// The subcommands of `coppice`: what each takes, and the function that carries it out and returns the exit
/// status: 0 finished, 1 failed, 2 the user's mistake (thrown as UserError or SpecError and printed by main),
/// 75 stopped with work left.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace coppice {

/// The user's mistake outside a study file: one line with the fix.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The exit status of a run that stopped in order, with work left.
constexpr int kStoppedWithWorkLeft = 75;

struct RunOptions {
  std::filesystem::path study;
  std::optional<std::filesystem::path> output;
  bool fresh = false;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> set;
  std::optional<int> workers;
  bool quiet = false;
  std::optional<std::filesystem::path> outcome;  ///< where to tell how it ended, beside DIR/outcome
};
int run_command(const RunOptions& options);

struct CheckOptions {
  std::optional<std::filesystem::path> study;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> set;
};
int check_command(const CheckOptions& options);

struct SubmitOptions {
  std::filesystem::path study;
  int nodes = 1;
  std::optional<int> gpus_per_node;
  std::optional<int> tasks_per_node;  ///< absent: one for each worker that the GPUs suffice for
  std::optional<int> cpus_per_task;
  std::optional<std::string> time;
  std::string partition;
  std::string account;
  std::string qos;
  std::string launcher = "mpirun";
  std::optional<std::filesystem::path> output;
  bool dry_run = false;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> set;
};
int submit_command(const SubmitOptions& options);

/// How many reports a study's journal holds, for job scripts.
int progress_command(const std::filesystem::path& directory);

struct BestOptions {
  std::filesystem::path results;  ///< DIR or study.h5
  bool json = false;
  int count = 1;
};
int best_command(const BestOptions& options);

struct ExportOptions {
  std::filesystem::path results;
  std::string table;
  std::string format = "csv";
};
int export_command(const ExportOptions& options);

struct RecoverOptions {
  std::filesystem::path directory;
  bool json = false;
};
int recover_command(const RecoverOptions& options);

struct ReplayOptions {
  std::filesystem::path directory;
  bool verify = false;
  bool json = false;
};
int replay_command(const ReplayOptions& options);

/// A trial host for a built-in trainable: started by workers, not by people.
struct HostOptions {
  std::string builtin;
  std::string settings;  ///< a JSON object
  std::filesystem::path study_directory;
};
int host_command(const HostOptions& options);

/// The explorer in this shared object: started by rank 0, not by people.
int serve_explorer_command(const std::filesystem::path& plugin);

/// Tries the devices that this process sees: started by workers, not by people.
int probe_device_command();

}  // namespace coppice
