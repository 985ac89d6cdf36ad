/// An assertion for our own mistakes that stays in release builds. Inside src/transport only.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace coppice::transport_detail {

inline void check(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "coppice: internal error in the transport: %s\n", rule);
  std::abort();
}

}  // namespace coppice::transport_detail
