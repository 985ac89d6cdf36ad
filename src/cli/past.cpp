#include "cli/past.hpp"

#include <fmt/format.h>

#include "cli/catalogs.hpp"
#include "cli/commands.hpp"
#include "spec/load_study.hpp"

namespace coppice {

Past read_past(const std::filesystem::path& directory, const HistoryObserver& also) {
  const auto path = directory / "study.journal";
  if (!std::filesystem::exists(path)) {
    throw UserError(
        fmt::format("{} has no study.journal: name the directory of a study's results", directory.string()));
  }
  JournalReader reader(path);
  if (reader.empty())
    throw UserError(fmt::format("{} holds no record: the study never began", path.string()));
  if (reader.decision_version() != kDecisionVersion) {
    throw UserError(
        fmt::format("{} was written with decision version {}, this coppice has {}: use coppice {}",
                    path.string(), reader.decision_version(), kDecisionVersion, reader.header().version));
  }
  const JournalHeader& header = reader.header();
  Catalogs catalogs = make_catalogs();
  catalogs.check_files = false;
  Past past;
  past.spec = parse_study_text(header.study_text, directory / "study.yaml", header.study_directory,
                               header.overrides, header.seed, catalogs);
  past.spec.name = header.name;
  past.assembly = assemble(past.spec);
  past.recorder = std::make_unique<Recorder>(recorded_study(past.spec));
  past.history = replay_history(reader, *past.assembly.study,
                                {[&](const JournalStart& start) {
                                   past.recorder->start(start.unix_s, start.slurm_job, start.software,
                                                        start.environment);
                                   if (also.start) also.start(start);
                                 },
                                 [&](const JournalEntry& entry) {
                                   past.recorder->apply(entry.time_s, entry.event, entry.effects);
                                   if (also.entry) also.entry(entry);
                                 }});
  return past;
}

}  // namespace coppice
