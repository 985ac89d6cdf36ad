// `coppice recover DIR`: study.h5 from the journal, both verified.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/past.hpp"
#include "journal/owner.hpp"
#include "results/h5_reader.hpp"
#include "results/h5_writer.hpp"

namespace coppice {

int recover_command(const std::filesystem::path& directory) {
  if (!std::filesystem::is_directory(directory)) {
    throw UserError(
        fmt::format("{} is no directory: name the directory of a study's results", directory.string()));
  }
  if (!std::filesystem::exists(directory / "study.journal")) {
    throw UserError(
        fmt::format("{} has no study.journal: name the directory of a study's results", directory.string()));
  }
  // A study that runs writes study.h5 itself.
  std::unique_ptr<Owner> owner;
  try {
    owner = Owner::take(directory, "");
  } catch (const OwnerRefused& refused) {
    throw UserError(refused.what());
  }
  const Past past = read_past(directory);
  fmt::print("journal   {} records, every decision the same\n", past.history.entries);
  if (past.history.torn) {
    fmt::print(
        "          the last {} bytes (from byte {}) are no whole record: left out; nothing acknowledged is "
        "lost\n",
        past.history.torn->size_bytes, past.history.torn->offset);
  }
  if (const auto error = write_study(past.recorder->tables(), directory)) throw std::runtime_error(*error);
  const Tables written = read_study(results_file(directory));
  for (std::size_t i = 0; i < kTableNames.size(); ++i) {
    const auto rows = written.all()[i]->rows();
    if (rows != past.recorder->tables().all()[i]->rows()) {
      throw std::runtime_error(
          fmt::format("study.h5 was written, but /{} reads back with {} rows", kTableNames[i], rows));
    }
    fmt::print("{:<10}{} rows\n", kTableNames[i], rows);
  }
  fmt::print("study.h5  {}\n", results_file(directory).string());
  return 0;
}

}  // namespace coppice
