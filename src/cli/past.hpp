/// A study as its directory remembers it: everything is rebuilt from the journal alone, without the study
/// file or the trainable.
#pragma once

#include <filesystem>

#include "cli/assemble.hpp"
#include "cli/history.hpp"
#include "results/recorder.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

struct Past {
  StudySpec spec;
  Assembly assembly;
  std::unique_ptr<Recorder> recorder;
  History history;
};

/// Replays DIR/study.journal. Throws UserError where there is none, JournalError, ReplayMismatch. `also`: who
/// else looks at the records.
Past read_past(const std::filesystem::path& directory, const HistoryObserver& also = {});

}  // namespace coppice
