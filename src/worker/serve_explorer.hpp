/// The process in which a user's explorer in C++ runs: loads the shared object and answers questions with it.
/// See include/coppice/explore.hpp and PROTOCOL.md.
#pragma once

#include <filesystem>

namespace coppice {

/// Owns `fd` (3 for a process that was started for it). Answers until the other side says exit or is gone.
/// Returns the exit status: 1, with a line on standard error, where the object can't be loaded. One thread.
int serve_explorer(int fd, const std::filesystem::path& plugin);

}  // namespace coppice
