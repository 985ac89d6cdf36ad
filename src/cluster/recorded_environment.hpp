/// What of the environment a study's record keeps: how it was launched, which devices, threads, modules and
/// virtual environments it had. By a list of names, and never what is named like a secret.
///
/// Threads: reads the environment; call it before threads start. Failure: none.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice {

/// (name, value), sorted by name. Values are cut at 4 KiB.
std::vector<std::pair<std::string, std::string>> recorded_environment();

bool is_recorded(std::string_view name);

}  // namespace coppice
