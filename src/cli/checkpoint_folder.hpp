/// The directory with a run's checkpoints on disk: where it is, that no other run has it, and that nothing of
/// the past stays in it.
///
/// Threads: one. Failure: claim_checkpoints throws UserError; a file that can't be removed stays.
#pragma once

#include <cstddef>
#include <filesystem>

#include "core/checkpoint_table.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

/// checkpoints.directory of the study, else `checkpoints` in its results.
std::filesystem::path checkpoint_folder(const StudySpec& spec, const std::filesystem::path& results);

/// Makes the directory. One outside of the results gets a file that names them (`coppice-run`), and is
/// refused while it names those of another run: checkpoints of two would have the same names.
void claim_checkpoints(const std::filesystem::path& folder, const std::filesystem::path& results);

/// States that should have a copy in the directory and have no file there.
std::size_t missing_checkpoints(const std::filesystem::path& folder, const CheckpointTable& known);

/// Removes files of states that nobody knows of any more, as their writers died between the file and the
/// journal, and temporary ones. What is no checkpoint stays.
void sweep_checkpoints(const std::filesystem::path& folder, const CheckpointTable& known);

}  // namespace coppice
