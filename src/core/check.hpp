/// Our own bugs, caught in release builds too: says where, then aborts. Never for a user's mistake or a
/// failure of the world. Safe from any thread.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace coppice {

/// The builtins rather than std::source_location, which clang 14 doesn't have.
inline void check(bool condition, const char* what, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (condition) [[likely]]
    return;
  std::fprintf(stderr, "%s:%d: a bug in coppice: %s\n", file, line, what);
  std::abort();
}

}  // namespace coppice
