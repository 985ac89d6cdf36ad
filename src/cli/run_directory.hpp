/// The directory of a run: made, and owned by one run at a time; and what a run writes down of itself there
/// when it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/owner.hpp"
#include "journal/record.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

/// What of the command line changes a study.
struct StudyChanges {
  std::vector<std::string> set;
  bool seed = false;  ///< was given
};

/// Makes `directory` and takes it. Throws UserError where it can't be written, another run owns it, or it
/// holds a study and this one is to be `fresh`.
std::unique_ptr<Owner> take_directory(const std::filesystem::path& directory, bool fresh);

/// DIR/study.yaml: the study as this incarnation runs it. Throws std::runtime_error naming the file.
void write_study_file(const std::filesystem::path& directory, const StudySpec& spec,
                      const StudyChanges& changes);

JournalHeader journal_header(const StudySpec& spec, const StudyChanges& changes);

/// Of the incarnation that begins now, here.
JournalStart journal_start(const StudySpec& spec, std::int32_t incarnation,
                           const std::filesystem::path& checkpoints);

/// What of the budget may grow from one incarnation to the next.
std::string budget_text(const StudySpec& spec);

}  // namespace coppice
