/// The right word for a wrong one. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// The word of `words` that `wrong` was probably meant to be: few edits away, or one is the start of the
/// other.
std::optional<std::string> nearest_word(std::string_view wrong, const std::vector<std::string>& words);

/// "; did you mean 'x'? Known: a, b, x" for the end of a message; the question only where a word is near.
std::string suggest(std::string_view wrong, const std::vector<std::string>& words);

/// "a, b, c"
std::string join(const std::vector<std::string>& words);

}  // namespace coppice
