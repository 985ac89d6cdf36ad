// `coppice submit STUDY.yaml --nodes N …`: a job script beside the results, handed to sbatch.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "cli/assemble.hpp"
#include "cli/catalogs.hpp"
#include "cli/commands.hpp"
#include "cluster/job_script.hpp"
#include "cluster/program.hpp"
#include "journal/reader.hpp"
#include "spec/identity.hpp"
#include "spec/load_study.hpp"
#include "spec/scalars.hpp"

namespace coppice {
namespace {

constexpr double kSbatchLimit_s = 120;

/// Slurm takes a bare number for minutes, study files for seconds.
std::optional<double> time_limit(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const bool bare = text->find_first_not_of("0123456789.") == std::string::npos;
  const auto seconds = bare ? std::nullopt : parse_duration(*text);
  if (!seconds || *seconds < 1) {
    throw UserError(fmt::format("--time {}: expected a duration such as {}, 2h30m, 02:30:00 or 1-12:00:00",
                                *text, bare && !text->empty() ? *text + "m" : "90m"));
  }
  return seconds;
}

/// How many workers that get so much fit on so many GPUs. A fraction is a part of one GPU, never the ends of
/// two.
int workers_on(int gpus, double each) {
  constexpr double kTolerance = 1e-9;  // thirds and the like shall fill a GPU
  if (each < 1) return gpus * static_cast<int>(std::floor(1 / each + kTolerance));
  return static_cast<int>(std::floor(gpus / each + kTolerance));
}

/// One worker for each device or set of devices that the study gives a worker.
int tasks_per_node(const SubmitOptions& options, const StudySpec& spec) {
  const double each = spec.resources.gpus_per_worker.value_or(1);
  if (!options.gpus_per_node || each == 0) return options.tasks_per_node.value_or(1);
  const int most = workers_on(*options.gpus_per_node, each);
  if (most < 1) {
    throw UserError(
        fmt::format("--gpus-per-node {} is less than one worker of this study gets, {}: give more",
                    *options.gpus_per_node, each));
  }
  const int tasks = options.tasks_per_node.value_or(most);
  const int idle = spec.dedicated_coordinator && options.nodes == 1 ? 1 : 0;  // the coordinator needs none
  if (tasks > most + idle) {
    throw UserError(fmt::format(
        "--tasks-per-node {}: on {} GPU{} there is room for {}, as each worker of this study gets "
        "{}; start fewer, or set resources.gpus_per_worker",
        tasks, *options.gpus_per_node, *options.gpus_per_node == 1 ? "" : "s", most + idle, each));
  }
  return tasks;
}

/// What the study asks for: Slurm gives a task one CPU, or one core, where nothing is said.
std::optional<int> cpus_per_task(const SubmitOptions& options, const StudySpec& spec) {
  const auto wanted = spec.resources.cpus_per_worker;
  if (!options.cpus_per_task) return wanted;
  if (wanted && *options.cpus_per_task < *wanted) {
    throw UserError(
        fmt::format("--cpus-per-task {}: each worker of this study gets {} (resources.cpus_per_worker)",
                    *options.cpus_per_task, *wanted));
  }
  return options.cpus_per_task;
}

/// A job that would wait in the queue for hours to find another study's journal.
void require_same_study(const std::filesystem::path& directory, const StudySpec& spec) {
  const auto path = directory / "study.journal";
  if (!std::filesystem::exists(path)) return;
  const JournalReader reader(path);
  if (reader.empty()) return;
  if (const auto difference = first_difference(reader.header().identity, spec.identity)) {
    throw UserError(fmt::format("{} holds another study: {}; choose another directory with -o",
                                directory.string(), *difference));
  }
}

std::vector<std::string> run_arguments(const SubmitOptions& options) {
  std::vector<std::string> words{std::filesystem::absolute(options.study).lexically_normal().string()};
  for (const std::string& set : options.set) words.insert(words.end(), {"--set", set});
  if (options.seed) words.insert(words.end(), {"--seed", std::to_string(*options.seed)});
  return words;
}

JobRequest request_of(const SubmitOptions& options, const StudySpec& spec) {
  JobRequest request;
  request.name = spec.name;
  request.nodes = options.nodes;
  request.tasks_per_node = tasks_per_node(options, spec);
  request.gpus_per_node = options.gpus_per_node;
  request.cpus_per_task = cpus_per_task(options, spec);
  request.time_s = time_limit(options.time);
  request.partition = options.partition;
  request.account = options.account;
  request.qos = options.qos;
  request.launcher = options.launcher;
  request.extra = spec.slurm.extra;
  request.prologue = spec.slurm.prologue;
  request.program = std::filesystem::read_symlink("/proc/self/exe");
  request.directory =
      std::filesystem::absolute(options.output.value_or(std::filesystem::path("results") / spec.name))
          .lexically_normal();
  request.run = run_arguments(options);
  const int ranks = request.nodes * request.tasks_per_node;
  if (spec.dedicated_coordinator && ranks == 1) {
    throw UserError(
        "coordinator: dedicated needs a second rank to do the work: give --tasks-per-node, more --nodes, or "
        "leave "
        "it out");
  }
  return request;
}

void write_script(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) {
    throw UserError(fmt::format("can't create {}: {}; choose another directory with -o",
                                path.parent_path().string(), error.message()));
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(fmt::format("can't write {} ({} bytes)", path.string(), text.size()));
  std::filesystem::permissions(path, std::filesystem::perms::owner_exec, std::filesystem::perm_options::add,
                               error);
}

/// sbatch exits with 1 for all: an unknown partition, which is the user's to mend, and a controller that is
/// down.
bool is_the_worlds_failure(const ProgramResult& result) {
  if (result.status > 1) return true;
  for (const char* words :
       {"Unable to contact", "timed out", "Connection refused", "Communication", "fatal:"}) {
    if (result.errors.find(words) != std::string::npos) return true;
  }
  return false;
}

std::string first_lines(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The job's id. `--parsable` prints it alone, or with the name of a cluster: 4711;gpu.
std::string submit(const std::filesystem::path& script) {
  const auto result = run_program({"sbatch", "--parsable", script.string()}, kSbatchLimit_s);
  if (result.status == 127) {
    throw std::runtime_error(
        fmt::format("there is no sbatch here: submit {} where there is one", script.string()));
  }
  if (result.status != 0) {
    const std::string message =
        fmt::format("sbatch refused {}: {}", script.string(), first_lines(result.errors));
    if (is_the_worlds_failure(result)) throw std::runtime_error(message);
    throw UserError(message);
  }
  return result.output.substr(0, result.output.find_first_of(";\n"));
}

}  // namespace

int submit_command(const SubmitOptions& options) {
  const StudySpec spec = load_study(options.study, options.set, options.seed, make_catalogs());
  assemble(spec);
  const JobRequest request = request_of(options, spec);
  require_same_study(request.directory, spec);
  const std::string text = job_script(request);
  if (options.dry_run) {
    fmt::print("{}", text);
    return 0;
  }
  const auto script = request.directory / "job.sh";
  write_script(script, text);
  const std::string job = submit(script);
  const std::string results = shell_word(request.directory.string());
  fmt::print(
      "job {}: {} on {} node{} with {} worker{} each\n"
      "  the script   {}\n"
      "  its log      tail -F {}\n"
      "  in the queue squeue -j {}\n"
      "  the best     coppice best {}\n"
      "  stop it      scancel {}    (it saves; submitted again it goes on)\n",
      job, spec.name, request.nodes, request.nodes == 1 ? "" : "s", request.tasks_per_node,
      request.tasks_per_node == 1 ? "" : "s", script.string(),
      shell_word((request.directory / "job.log").string()), job, results, job);
  return 0;
}

}  // namespace coppice
