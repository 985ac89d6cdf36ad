#include "cli/past.hpp"

#include <fmt/format.h>

#include "cli/catalogs.hpp"
#include "cli/commands.hpp"
#include "spec/load_study.hpp"

namespace coppice {

namespace {

JournalReader open_journal(const std::filesystem::path& directory) {
  const auto path = directory / "study.journal";
  if (!std::filesystem::exists(path)) {
    throw UserError(
        fmt::format("{} has no study.journal: name the directory of a study's results", directory.string()));
  }
  JournalReader reader(path);
  if (reader.empty())
    throw UserError(fmt::format("{} holds no record: the study never began", path.string()));
  return reader;
}

Past read(JournalReader& reader, const std::filesystem::path& directory, const HistoryObserver& also) {
  const JournalHeader& header = reader.header();
  Catalogs catalogs = make_catalogs();
  catalogs.check_files = false;
  Past past;
  past.decision_version = reader.decision_version();
  past.version = header.version;
  past.spec = parse_study_text(header.study_text, directory / "study.yaml", header.study_directory,
                               header.overrides, header.seed, catalogs);
  past.spec.name = header.name;
  if (past.decision_version == kDecisionVersion) past.assembly = assemble(past.spec);
  past.recorder = std::make_unique<Recorder>(recorded_study(past.spec));
  past.history = replay_history(reader, past.assembly.study.get(),
                                {[&](const JournalStart& start) {
                                   past.recorder->start(start.unix_s, start.slurm_job, start.software,
                                                        start.environment);
                                   if (also.start) also.start(start);
                                 },
                                 [&](const JournalEntry& entry) {
                                   past.recorder->apply(entry.time_s, entry.event, entry.effects);
                                   if (also.entry) also.entry(entry);
                                 },
                                 [&](const RecordCosts& costs) {
                                   past.recorder->costs(costs);
                                   if (also.costs) also.costs(costs);
                                 }});
  past.recorder->journal_bytes(past.history.end);
  return past;
}

}  // namespace

Past read_past(const std::filesystem::path& directory, const HistoryObserver& also) {
  JournalReader reader = open_journal(directory);
  if (reader.decision_version() != kDecisionVersion) {
    throw UserError(
        fmt::format("{} was written with decision version {}, this coppice has {}: use coppice {}",
                    (directory / "study.journal").string(), reader.decision_version(), kDecisionVersion,
                    reader.header().version));
  }
  return read(reader, directory, also);
}

Past read_past_of_any_version(const std::filesystem::path& directory, const HistoryObserver& also) {
  JournalReader reader = open_journal(directory);
  return read(reader, directory, also);
}

}  // namespace coppice
