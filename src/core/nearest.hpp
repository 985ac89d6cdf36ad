/// The right word for a wrong one, for error messages. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// The word of `words` that `wrong` was probably meant to be: its initials (lr for learning_rate), a few
/// slips of the keyboard, its beginning (min for minimize) or whole parts of it (rate for learning_rate).
/// Nothing where none is near.
std::optional<std::string> nearest_word(std::string_view wrong, const std::vector<std::string>& words);

/// "; did you mean 'x'? Known: a, b, x" for the end of a message; the question only where a word is near.
std::string suggest(std::string_view wrong, const std::vector<std::string>& words);

/// "a, b, c"
std::string join(const std::vector<std::string>& words);

}  // namespace coppice
