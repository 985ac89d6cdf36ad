#include "cli/run_directory.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "cli/clock.hpp"
#include "cli/commands.hpp"
#include "cluster/recorded_environment.hpp"
#include "cluster/slurm.hpp"
#include "coppice/version.hpp"
#include "results/h5_writer.hpp"
#include "transport/mpi.hpp"

namespace coppice {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string slurm_job() {
  const auto info = slurm_info();
  return info ? info->job_id : std::string();
}

std::vector<std::pair<std::string, std::string>> software() {
  utsname system{};
  ::uname(&system);
  return {{"mpi", mpi_library_version()},
          {"hdf5", hdf5_library_version()},
          {"compiler", __VERSION__},
          {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)}};
}

}  // namespace

std::unique_ptr<Owner> take_directory(const std::filesystem::path& directory, bool fresh) {
  std::error_code error;
  for (const auto& folder : {directory, directory / "logs"}) {
    std::filesystem::create_directories(folder, error);
    if (error) {
      throw UserError(fmt::format("can't create {}: {}; choose another directory with -o", folder.string(),
                                  error.message()));
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      throw UserError(fmt::format("can't write in {}: {}; choose another directory with -o", folder.string(),
                                  std::generic_category().message(errno)));
    }
  }
  const auto journal = directory / "study.journal";
  if (fresh && std::filesystem::exists(journal) && std::filesystem::file_size(journal) > 0) {
    throw UserError(
        fmt::format("{} holds a study already, which --fresh does not overwrite; remove it, choose another "
                    "directory with -o, "
                    "or resume it without --fresh",
                    directory.string()));
  }
  try {
    return Owner::take(directory, slurm_job());
  } catch (const OwnerRefused& refused) {
    throw UserError(refused.what());
  }
}

void write_study_file(const std::filesystem::path& directory, const StudySpec& spec,
                      const StudyChanges& changes) {
  const auto temporary = directory / "study.yaml.tmp";
  std::ofstream file(temporary, std::ios::binary);
  file << spec.text;
  if (!spec.text.ends_with('\n')) file << '\n';
  for (const std::string& override : changes.set) file << "# --set " << override << '\n';
  if (changes.seed) file << "# --seed " << spec.seed << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, directory / "study.yaml", error);
  if (!file || error) {
    throw std::runtime_error(
        fmt::format("can't write {} ({} bytes)", (directory / "study.yaml").string(), spec.text.size()));
  }
}

JournalHeader journal_header(const StudySpec& spec, const StudyChanges& changes) {
  JournalHeader header;
  header.name = spec.name;
  header.seed = spec.seed;
  header.study_text = spec.text;
  header.identity = spec.identity;
  header.version = kVersion;
  header.created_unix_s = unix_s();
  header.overrides = changes.set;
  header.study_directory = spec.directory.string();
  return header;
}

JournalStart journal_start(const StudySpec& spec, std::int32_t incarnation,
                           const std::filesystem::path& checkpoints) {
  JournalStart start;
  start.incarnation = incarnation;
  start.unix_s = unix_s();
  start.host = host_name();
  start.pid = ::getpid();
  start.slurm_job = slurm_job();
  start.version = kVersion;
  start.budget = budget_text(spec);
  start.checkpoints = checkpoints.string();
  start.software = software();
  start.environment = recorded_environment();
  return start;
}

std::string budget_text(const StudySpec& spec) {
  const auto text = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string("-"); };
  return fmt::format("trials {} wall_time {} target {} patience {} {} {}", text(spec.budget.trials),
                     text(spec.budget.wall_time_s), text(spec.budget.target), text(spec.patience.trials),
                     text(spec.patience.steps), spec.patience.min_delta);
}

}  // namespace coppice
