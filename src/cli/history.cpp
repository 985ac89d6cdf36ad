#include "cli/history.hpp"

#include <fmt/format.h>

#include "wire/bytes.hpp"
#include "wire/json.hpp"

namespace coppice {

History replay_history(JournalReader& reader, Study& study, const HistoryObserver& observer) {
  History history;
  while (const auto record = reader.next()) {
    if (const auto* start = std::get_if<JournalStart>(&*record)) {
      history.last_start = *start;
      if (observer.start) observer.start(*start);
    } else if (const auto* entry = std::get_if<JournalEntry>(&*record)) {
      const Effects effects = study.step(entry->event);
      if (to_bytes(effects) != to_bytes(entry->effects)) {
        throw ReplayMismatch(
            fmt::format("record {} at byte {}: the event {}\n  led to      {}\n  leads now to {}", entry->seq,
                        reader.offset(), to_json_line(entry->event), to_json_line(entry->effects),
                        to_json_line(effects)));
      }
      ++history.entries;
      history.time_s = entry->time_s;
      if (observer.entry) observer.entry(*entry);
    }
  }
  history.end = reader.end();
  history.torn = reader.torn();
  return history;
}

}  // namespace coppice
