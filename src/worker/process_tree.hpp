/// The processes that descend from one, and what they hold in memory, as /proc tells it: a snapshot that may
/// be old when it is returned.
///
/// Threads: any. Failure: a process that can't be looked at (it has just ended) counts as nothing. It needs
/// /proc/PID/task/TID/children, which the kernels of all distributions have (CONFIG_PROC_CHILDREN).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace coppice {

std::vector<pid_t> children_of(pid_t parent);
/// All below `root`, parents before children. What lost its parent is found where it was adopted.
std::vector<pid_t> descendants_of(pid_t root);

/// Memory in use. Pages that several of them share are counted once for each if `cheaply`, which is an upper
/// bound, else shared out among those that have them (Linux 4.14; before that the same bound).
std::int64_t resident_bytes(const std::vector<pid_t>& processes, bool cheaply);

}  // namespace coppice
