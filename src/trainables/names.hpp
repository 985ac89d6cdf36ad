/// Which of a set of names somebody meant by a wrong word, for error messages. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// The names that `word` may stand for, best first, at most three: initials (lr for learning_rate), a part
/// (batch for batch_size), or a slip of the keyboard. Empty where nothing is near.
std::vector<std::string> nearest_names(std::string_view word, const std::vector<std::string>& names);

/// "; did you mean learning_rate?" or, with nothing near, "; choose from a, b, c".
std::string name_hint(std::string_view word, const std::vector<std::string>& names);

/// "a, b, c"
std::string join_names(const std::vector<std::string>& names);

}  // namespace coppice
