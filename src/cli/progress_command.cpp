// `coppice progress DIR`: how many reports the journal holds. For job scripts, which give up when launches
// bring none.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "journal/reader.hpp"

namespace coppice {

int progress_command(const std::filesystem::path& directory) {
  const auto path = directory / "study.journal";
  std::int64_t reports = 0;
  if (std::filesystem::exists(path)) {
    JournalReader reader(path);
    while (!reader.empty()) {
      const auto record = reader.next();
      if (!record) break;
      const auto* entry = std::get_if<JournalEntry>(&*record);
      if (entry != nullptr && std::holds_alternative<Reported>(entry->event)) ++reports;
    }
  }
  fmt::print("{}\n", reports);
  return 0;
}

}  // namespace coppice
