/// A trial host around a program that can't change: runs it once for each segment; the last JSON object that
/// it prints is the metrics of step 1. It can't save, and a stop waits for its end.
#pragma once

#include <string>
#include <vector>

namespace coppice {

/// Owns `fd`. Serves until the worker says exit or is gone; returns the exit status. One thread.
/// `command` may hold placeholders, see program_command.hpp; `names` are all parameters of the study.
int serve_program(int fd, const std::vector<std::string>& command, const std::vector<std::string>& names);

}  // namespace coppice
