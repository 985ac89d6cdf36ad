/// The version of coppice, as `coppice --version` prints it.
#pragma once

namespace coppice {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace coppice
