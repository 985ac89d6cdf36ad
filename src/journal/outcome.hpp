/// DIR/outcome: how the last run of a study ended, written as the very last thing, so that it is there only
/// if nothing was left to do. Launchers can't tell: under `mpirun --enable-recovery` the exit status is 0
/// whatever became of rank 0. The format is in README.md.
///
/// Threads: any. Failure: throws JournalError, naming the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace coppice {

struct RunOutcome {
  int exit_status = 0;           ///< 0 finished, 1 failed, 2 the user's mistake, 75 stopped with work left
  std::int32_t incarnation = 0;  ///< 0: it ended before it began one
  std::string reason;            ///< one line

  bool operator==(const RunOutcome&) const = default;
};

/// finished, stopped or failed.
std::string_view outcome_word(int exit_status);

/// To a temporary name, synced, renamed, the directory synced.
void write_outcome(const std::filesystem::path& path, const RunOutcome& outcome);
/// Durably: after the death of the node, too, an earlier run's outcome isn't taken for that of the next.
void remove_outcome(const std::filesystem::path& path);
/// Nothing where there is none, or something else.
std::optional<RunOutcome> read_outcome(const std::filesystem::path& path);

}  // namespace coppice
