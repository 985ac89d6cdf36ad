/// A study as its directory remembers it: everything is rebuilt from the journal alone, without the study
/// file or the trainable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/assemble.hpp"
#include "cli/history.hpp"
#include "results/recorder.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

struct Past {
  StudySpec spec;
  std::int32_t decision_version = 0;
  std::string version;  ///< of the coppice that began it
  Assembly assembly;
  std::unique_ptr<Recorder> recorder;
  RunHistory history;
};

/// Replays DIR/study.journal. Throws UserError where there is none or this coppice decides differently than
/// the one that wrote it; JournalError, ReplayMismatch. `also`: who else looks at the records.
Past read_past(const std::filesystem::path& directory, const HistoryObserver& also = {});
/// The same, but where this coppice decides differently it takes the decisions as they stand in the journal:
/// then there is no assembly.
Past read_past_of_any_version(const std::filesystem::path& directory, const HistoryObserver& also = {});

}  // namespace coppice
