/// What this folder calls the words of core/nearest.hpp. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/nearest.hpp"

namespace coppice {

inline std::string name_hint(std::string_view word, const std::vector<std::string>& names) {
  return suggest(word, names);
}

inline std::string join_names(const std::vector<std::string>& names) {
  return join(names);
}

}  // namespace coppice
