#include "core/placeholders.hpp"

#include <algorithm>
#include <cstddef>

#include "core/nearest.hpp"

namespace coppice {

namespace {

const std::vector<std::string>& own_names() {
  static const std::vector<std::string> kNames = {"trial", "seed", "repeat", "device"};
  return kNames;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || digit(c) || c == '.' || c == '-'; });
}

}  // namespace

std::optional<std::string> replace_placeholders(std::string_view argument,
                                                const std::vector<std::string>& parameters,
                                                const PlaceholderText& text_of) {
  std::string filled;
  std::size_t at = 0;
  while (at < argument.size()) {
    if (argument[at] != '{') {
      filled += argument[at++];
      continue;
    }
    const bool escaped = argument.substr(at, 2) == "{{";
    const std::size_t begin = at + (escaped ? 2 : 1);
    const std::size_t end = argument.find('}', begin);
    const std::string_view name = end == argument.npos ? "" : argument.substr(begin, end - begin);
    const bool placeholder = is_name(name) || contains(parameters, name);
    if (escaped && placeholder && argument.substr(end, 2) == "}}") {
      filled += argument.substr(begin - 1, name.size() + 2);
      at = end + 2;
    } else if (!escaped && placeholder) {
      const std::optional<std::string> text = text_of(name);
      if (!text) return std::nullopt;
      filled += *text;
      at = end + 1;
    } else {
      filled += argument[at++];
    }
  }
  return filled;
}

std::vector<std::string> unknown_placeholders(std::string_view argument,
                                              const std::vector<std::string>& parameters) {
  std::vector<std::string> unknown;
  replace_placeholders(argument, parameters, [&](std::string_view name) -> std::optional<std::string> {
    if (!contains(parameters, name) && !contains(own_names(), name)) unknown.emplace_back(name);
    return "";
  });
  return unknown;
}

std::string placeholder_problem(std::string_view argument, const std::vector<std::string>& parameters) {
  const std::vector<std::string> unknown = unknown_placeholders(argument, parameters);
  if (unknown.empty()) return "";
  const std::string& name = unknown.front();
  std::vector<std::string> known = parameters;
  known.insert(known.end(), own_names().begin(), own_names().end());
  return "nothing fills {" + name + "}" + suggest(name, known) + " (write {{" + name +
         "}} for the text itself)";
}

}  // namespace coppice
