/// Our own bugs, caught in release builds too: says where, then aborts. Never for a user's mistake or a
/// failure of the world. Safe from any thread.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace coppice {

inline void check(bool condition, const char* what,
                  std::source_location where = std::source_location::current()) {
  if (condition) [[likely]]
    return;
  std::fprintf(stderr, "%s:%u: a bug in coppice: %s\n", where.file_name(), where.line(), what);
  std::abort();
}

}  // namespace coppice
