// `coppice recover DIR`: study.h5 from the journal; the journal, study.h5 and the checkpoints verified.
// Removes nothing.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/checkpoint_audit.hpp"
#include "cli/commands.hpp"
#include "cli/past.hpp"
#include "journal/owner.hpp"
#include "results/h5_reader.hpp"
#include "results/h5_writer.hpp"

namespace coppice {
namespace {

/// What was found.
struct Findings {
  Past past;
  std::filesystem::path directory;
  std::optional<std::string> records_lost;
  std::filesystem::path checkpoint_directory;
  CheckpointAudit checkpoints;

  bool verified() const { return past.assembly.study != nullptr; }
  bool whole() const { return !records_lost && checkpoints.lost.empty(); }
};

/// Where the last start had them, which is said there; those in the results move with them.
std::filesystem::path checkpoint_directory(const RunHistory& history, const std::filesystem::path& results) {
  const std::filesystem::path said = history.last_start ? history.last_start->checkpoints : "";
  const bool elsewhere = !said.empty() && std::filesystem::is_directory(said) &&
                         !std::filesystem::exists(said.parent_path() / "study.journal");
  return elsewhere ? said : results / "checkpoints";
}

void write_results(const Findings& found) {
  const Tables& tables = found.past.recorder->tables();
  if (const auto error = write_study(tables, found.directory)) throw std::runtime_error(*error);
  const Tables written = read_study(results_file(found.directory));
  for (std::size_t i = 0; i < kTableNames.size(); ++i) {
    const auto rows = written.all()[i]->rows();
    if (rows == tables.all()[i]->rows()) continue;
    throw std::runtime_error(
        fmt::format("study.h5 was written, but /{} reads back with {} rows", kTableNames[i], rows));
  }
}

std::string files_text(const std::vector<std::string>& names, std::int64_t bytes) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kMost) text += ", …";
  return fmt::format("{} {} ({} bytes): {}", names.size(), names.size() == 1 ? "file" : "files", bytes, text);
}

void print(const Findings& found) {
  const RunHistory& history = found.past.history;
  if (found.verified()) {
    fmt::print("journal      {} records, every decision the same\n", history.entries);
  } else {
    fmt::print(
        "journal      {} records, read but not verified: coppice {} decided otherwise (decision version {}, "
        "this "
        "one has {}) and alone can go on with the study\n",
        history.entries, found.past.version, found.past.decision_version, kDecisionVersion);
  }
  if (history.torn) {
    fmt::print(
        "             {}: left out{}\n", to_text(*history.torn),
        history.torn->whole_records == 0 && !found.records_lost ? "; nothing acknowledged is lost" : "");
  }
  if (found.records_lost) fmt::print("             {}\n", *found.records_lost);
  for (const Table* table : found.past.recorder->tables().all())
    fmt::print("{:<12} {} rows\n", table->name, table->rows());
  const CheckpointAudit& audit = found.checkpoints;
  fmt::print("checkpoints  {} of {} are whole, {} bytes\n", audit.whole,
             audit.whole + static_cast<std::int64_t>(audit.lost.size()), audit.whole_bytes);
  for (const auto& lost : audit.lost)
    fmt::print("             {}: {}: {}\n", lost.file, lost.problem, lost.consequence);
  if (!audit.unneeded.empty()) {
    fmt::print("             nobody needs {}; the next run removes what it finds\n",
               files_text(audit.unneeded, audit.unneeded_bytes));
  }
  if (!audit.temporary.empty()) {
    fmt::print("             half written: {}; the next run removes what it finds\n",
               files_text(audit.temporary, audit.temporary_bytes));
  }
  fmt::print("study.h5     {}\n", results_file(found.directory).string());
  std::fflush(stdout);
  if (found.whole()) return;
  fmt::print(stderr, "coppice: {} is not whole: {}{}{}\n", found.directory.string(),
             found.records_lost ? fmt::format("its journal lost what came after byte {}", history.end) : "",
             found.records_lost && !audit.lost.empty() ? ", and " : "",
             audit.lost.empty() ? ""
                                : fmt::format("{} checkpoint{} lost", audit.lost.size(),
                                              audit.lost.size() == 1 ? " is" : "s are"));
}

void print_json(const Findings& found) {
  using Json = nlohmann::ordered_json;
  const RunHistory& history = found.past.history;
  Json torn = nullptr;
  if (history.torn) {
    torn = Json{{"offset", history.torn->offset},
                {"size_bytes", history.torn->size_bytes},
                {"whole_records", history.torn->whole_records}};
  }
  Json tables = Json::object();
  for (const Table* table : found.past.recorder->tables().all()) tables[table->name] = table->rows();
  Json lost = Json::array();
  for (const auto& item : found.checkpoints.lost) {
    lost.push_back({{"trial", item.id.trial},
                    {"step", item.id.step},
                    {"file", item.file},
                    {"problem", item.problem},
                    {"consequence", item.consequence}});
  }
  const Json json{{"whole", found.whole()},
                  {"journal",
                   {{"records", history.entries},
                    {"bytes", history.end},
                    {"decision_version", found.past.decision_version},
                    {"verified", found.verified()},
                    {"torn", torn},
                    {"records_lost", found.records_lost ? Json(*found.records_lost) : Json(nullptr)}}},
                  {"tables", tables},
                  {"checkpoints",
                   {{"directory", found.checkpoint_directory.string()},
                    {"whole", found.checkpoints.whole},
                    {"whole_bytes", found.checkpoints.whole_bytes},
                    {"lost", lost},
                    {"unneeded", found.checkpoints.unneeded},
                    {"temporary", found.checkpoints.temporary}}},
                  {"study_h5", results_file(found.directory).string()}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int recover_command(const RecoverOptions& options) {
  const auto& directory = options.directory;
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
  KnownCheckpoints known;
  Findings found{
      read_past_of_any_version(
          directory, {{}, [&](const JournalEntry& entry) { known.apply(entry.event, entry.effects); }, {}}),
      directory,
      {},
      {},
      {}};
  found.records_lost = keep_results_ahead(directory, found.past.history.end);
  write_results(found);
  found.checkpoint_directory = checkpoint_directory(found.past.history, directory);
  found.checkpoints =
      audit_checkpoints(found.checkpoint_directory, known, found.past.recorder->tables().trials);
  if (options.json) {
    print_json(found);
  } else {
    print(found);
  }
  return found.whole() ? 0 : 1;
}

}  // namespace coppice
