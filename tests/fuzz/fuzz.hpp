/// What the fuzz targets share. A target is one function of arbitrary bytes that must return: libFuzzer calls
/// it with bytes of its own making, and a plain program with those of the corpus (see README.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace coppice::fuzz {

/// A rule was broken: libFuzzer and CTest both take it for a crash.
inline void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

}  // namespace coppice::fuzz
