/// Writes study.h5, whole: it is made in memory, written to a temporary name beside it, synced and renamed.
///
/// So at any moment there is the old file or the new one, complete, and readers need no lock. Takes about the
/// size of the file twice in memory while it runs. Threads: any; writers and readers of this process wait for
/// each other. Failure: returned as a message of one line. The old file is then untouched.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "results/table.hpp"

namespace coppice {

/// Of the HDF5 library, "1.10.8".
std::string hdf5_library_version();

/// Nothing: DIRECTORY/study.h5 holds these tables, durably.
[[nodiscard]] std::optional<std::string> write_study(const Tables& tables,
                                                     const std::filesystem::path& directory);

}  // namespace coppice
