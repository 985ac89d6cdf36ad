/// A study's past, from its journal: makes every decision again and asserts that it equals the record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/study.hpp"
#include "journal/reader.hpp"

namespace coppice {

/// The decisions differ from the record: this binary, or the journal, isn't what it says.
class ReplayMismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RunHistory {
  std::int64_t entries = 0;
  std::optional<JournalStart> last_start;
  double time_s = 0;  ///< running time at the last entry
  std::uint64_t end = 0;
  std::optional<TornTail> torn;
};

/// Who else looks at the records while they are replayed.
struct HistoryObserver {
  std::function<void(const JournalStart&)> start;
  std::function<void(const JournalEntry&)> entry;
  std::function<void(const RecordCosts&)> costs;
};

/// Reads the journal to its end, and makes the decisions again if there is a `study`. Throws JournalError for
/// damage before its end, ReplayMismatch naming the record.
RunHistory replay_history(JournalReader& reader, Study* study, const HistoryObserver& observer);

/// A study.h5 that was made from more of the journal than its `end` holds what nothing else knows any more:
/// it is kept under another name. Returns a line that says so.
std::optional<std::string> keep_results_ahead(const std::filesystem::path& directory, std::uint64_t end);

}  // namespace coppice
