#include "cli/checkpoint_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <string>
#include <system_error>

#include "cli/commands.hpp"
#include "wire/checkpoint_name.hpp"

namespace coppice {
namespace {

constexpr const char* kMark = "coppice-run";

void refuse(const std::filesystem::path& folder, const std::string& why) {
  throw UserError(fmt::format("can't keep checkpoints in {}: {}; name another checkpoints.directory",
                              folder.string(), why));
}

}  // namespace

std::filesystem::path checkpoint_folder(const StudySpec& spec, const std::filesystem::path& results) {
  return spec.checkpoints.directory.empty() ? results / "checkpoints"
                                            : std::filesystem::absolute(spec.checkpoints.directory);
}

void claim_checkpoints(const std::filesystem::path& folder, const std::filesystem::path& results) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) refuse(folder, error.message());
  if (::access(folder.c_str(), W_OK | X_OK) != 0) refuse(folder, std::generic_category().message(errno));
  if (folder == results / "checkpoints") return;
  const auto mark = folder / kMark;
  std::string claimed;
  std::getline(std::ifstream(mark), claimed);
  if (claimed == results.string()) return;
  // Results that were moved or removed have no claim any more.
  if (!claimed.empty() && std::filesystem::exists(std::filesystem::path(claimed) / "study.journal", error)) {
    refuse(folder, "it has those of the run in " + claimed);
  }
  std::ofstream file(mark, std::ios::trunc);
  file << results.string() << '\n';
  file.close();
  if (!file) refuse(folder, "can't write " + mark.string());
}

std::size_t missing_checkpoints(const std::filesystem::path& folder, const CheckpointTable& known) {
  std::error_code ignored;
  std::size_t missing = 0;
  for (const CheckpointId& id : known.at(kDisk)) {
    if (!std::filesystem::exists(folder / checkpoint_file_name(id), ignored)) ++missing;
  }
  return missing;
}

void sweep_checkpoints(const std::filesystem::path& folder, const CheckpointTable& known) {
  std::set<CheckpointId> wanted;
  for (const auto& [key, entry] : known.entries()) wanted.insert(entry.id);
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = file.path().filename();
    const auto id = parse_checkpoint_file_name(name);
    if ((id && !wanted.contains(*id)) || name.ends_with(".ckpt.tmp"))
      std::filesystem::remove(file.path(), ignored);
  }
}

}  // namespace coppice
