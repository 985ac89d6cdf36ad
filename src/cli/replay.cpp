// `coppice replay DIR [--verify]`: the decisions of a journal, made again.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/past.hpp"
#include "wire/json.hpp"

namespace coppice {

int replay_command(const ReplayOptions& options) {
  std::int64_t decisions = 0;
  const auto show = [&](const JournalEntry& entry) {
    decisions += static_cast<std::int64_t>(entry.effects.decisions.size());
    if (options.verify) return;
    if (options.json) {
      fmt::print("{}\n", to_json_line(entry));
      return;
    }
    for (const Decision& decision : entry.effects.decisions) {
      fmt::print("{:>9.3f} s  {:<10}{}{}  {}\n", entry.time_s, to_text(decision.kind),
                 decision.trial == kNoTrial ? std::string() : fmt::format("trial {}", decision.trial),
                 decision.step > 0 ? fmt::format(" at step {}", decision.step) : std::string(),
                 decision.reason);
    }
  };
  const auto show_start = [&](const JournalStart& start) {
    if (options.json && !options.verify) fmt::print("{}\n", to_json_line(start));
  };
  const Past past = read_past(options.directory, {show_start, show, {}});
  if (past.history.torn) {
    fmt::print(stderr, "coppice: {}\n", to_text(*past.history.torn));
  }
  if (options.verify) {
    fmt::print("{} records, {} decisions: all the same\n", past.history.entries, decisions);
  }
  return 0;
}

}  // namespace coppice
