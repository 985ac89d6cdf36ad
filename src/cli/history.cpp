#include "cli/history.hpp"

#include <fmt/format.h>

#include "results/h5_reader.hpp"
#include "wire/bytes.hpp"
#include "wire/json.hpp"

namespace coppice {

namespace {

void require_start(const JournalEntry& entry, const std::optional<JournalStart>& start,
                   std::uint64_t offset) {
  const auto* begun = std::get_if<Begun>(&entry.event);
  if (begun == nullptr || (start && start->incarnation == begun->incarnation)) return;
  throw JournalError(
      fmt::format("record {} at byte {} begins incarnation {}, and no start of it comes before: "
                  "the journal was damaged after it was written; restore it from a copy",
                  entry.seq, offset, begun->incarnation));
}

void require_same(const JournalEntry& entry, Study& study, std::uint64_t offset) {
  const Effects effects = study.step(entry.event);
  if (to_bytes(effects) == to_bytes(entry.effects)) return;
  throw ReplayMismatch(fmt::format("record {} at byte {}: the event {}\n  led to      {}\n  leads now to {}",
                                   entry.seq, offset, to_json_line(entry.event), to_json_line(entry.effects),
                                   to_json_line(effects)));
}

}  // namespace

RunHistory replay_history(JournalReader& reader, Study* study, const HistoryObserver& observer) {
  RunHistory history;
  while (const auto record = reader.next()) {
    if (const auto* start = std::get_if<JournalStart>(&*record)) {
      history.last_start = *start;
      if (observer.start) observer.start(*start);
    } else if (const auto* entry = std::get_if<JournalEntry>(&*record)) {
      require_start(*entry, history.last_start, reader.offset());
      if (study != nullptr) require_same(*entry, *study, reader.offset());
      ++history.entries;
      history.time_s = entry->time_s;
      if (observer.entry) observer.entry(*entry);
    } else if (const auto* costs = std::get_if<RecordCosts>(&*record)) {
      if (observer.costs) observer.costs(*costs);
    }
  }
  history.end = reader.end();
  history.torn = reader.torn();
  return history;
}

std::optional<std::string> keep_results_ahead(const std::filesystem::path& directory, std::uint64_t end) {
  const auto file = results_file(directory);
  std::int64_t made_from = 0;
  try {
    if (!std::filesystem::exists(file)) return std::nullopt;
    made_from = read_attributes(file).journal_bytes;
  } catch (const ResultsError&) {
    return std::nullopt;  // what can't be read can't be ahead
  }
  if (made_from <= static_cast<std::int64_t>(end)) return std::nullopt;
  const auto kept = directory / fmt::format("study-ahead-{}.h5", made_from);
  std::error_code error;
  std::filesystem::rename(file, kept, error);
  return fmt::format(
      "the journal ends at byte {}, but study.h5 was made from {} bytes of it: records that were "
      "acknowledged are "
      "lost; that study.h5 is {} {}",
      end, made_from, error ? "still" : "kept as", error ? file.string() : kept.string());
}

}  // namespace coppice
