/// The checkpoints on disk against what the journal knows of them: which are whole, which a study would miss,
/// which nobody needs. Looks only; removes nothing.
///
/// Ownership: values. One thread; reads every byte of the files. Failure: a file that can't be read is one
/// that is lost, with the reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/events.hpp"
#include "results/table.hpp"

namespace coppice {

/// The states of which a copy should be on disk, and their sizes: a fold over the journal's entries.
class KnownCheckpoints {
 public:
  void apply(const Event& event, const Effects& effects);
  const std::map<CheckpointId, std::int64_t>& on_disk() const { return on_disk_; }

 private:
  std::map<CheckpointId, std::int64_t> on_disk_;
};

struct CheckpointAudit {
  struct Lost {
    CheckpointId id;
    std::string file;         ///< its name
    std::string problem;      ///< "is missing", "is damaged: …"
    std::string consequence;  ///< what the next run does without it
  };
  std::int64_t whole = 0;
  std::int64_t whole_bytes = 0;
  std::vector<Lost> lost;
  std::vector<std::string> unneeded;  ///< names of files of states that nobody needs
  std::int64_t unneeded_bytes = 0;
  std::vector<std::string> temporary;  ///< names of files that were being written
  std::int64_t temporary_bytes = 0;
};

/// `trials`: the table of study.h5.
CheckpointAudit audit_checkpoints(const std::filesystem::path& directory, const KnownCheckpoints& known,
                                  const Table& trials);

}  // namespace coppice
