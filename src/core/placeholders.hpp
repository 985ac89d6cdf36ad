/// The placeholders in an argument of a program's command line, such as `--lr={learning_rate}`.
///
/// `{name}` stands for the value of the parameter of that name; `{trial}`, `{seed}`, `{repeat}` and
/// `{device}` for the trial's, where no parameter has that name. `{{name}}` is the text `{name}`; braces
/// around anything but a name (letters, digits, `_`, `.`, `-`, or a parameter) stand for themselves. The
/// check of the study and the filling by the worker go by this one reading. Pure; safe from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// The text for a placeholder; nothing drops the whole argument.
using PlaceholderText = std::function<std::optional<std::string>(std::string_view name)>;

/// `argument` with each placeholder replaced. `parameters`: the names of the study's.
std::optional<std::string> replace_placeholders(std::string_view argument,
                                                const std::vector<std::string>& parameters,
                                                const PlaceholderText& text_of);

/// The placeholders that are neither a parameter nor the trial's own, in their order.
std::vector<std::string> unknown_placeholders(std::string_view argument,
                                              const std::vector<std::string>& parameters);

/// What to say of the first unknown placeholder, with the nearest right one; empty where there is none.
std::string placeholder_problem(std::string_view argument, const std::vector<std::string>& parameters);

}  // namespace coppice
