/// What a forked child does until it is the program that was asked for. For single-threaded parents only.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace coppice {

/// Where the start of a child failed, with its errno: travels through a pipe that a successful exec closes.
struct StartFailure {
  enum Stage : int { kDirectory = 1, kDescriptors, kExec };
  int stage = 0;
  int error = 0;
};

/// Our own signal handling, undone: a child starts with defaults and nothing blocked.
void reset_signals();
/// Closes every descriptor from `first` on, except `kept`.
void close_descriptors(int first, std::span<const int> kept);
/// Lets this process, and what it starts, run on these CPUs only. Says on stderr where the system doesn't let
/// it: it is slower then, no more.
void bind_to_cpus(const std::vector<int>& cpus);
/// argv for exec; points into `command`.
std::vector<char*> argument_pointers(const std::vector<std::string>& command);
/// E.g. "cannot run 'trian.py': No such file or directory".
std::string describe(const StartFailure& failure, const std::string& program, const std::string& cwd);

}  // namespace coppice
