#include "worker/program_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

constexpr std::array<std::string_view, 4> kOwnNames{"trial", "seed", "repeat", "device"};
constexpr std::size_t kParseBudget_bytes = std::size_t{4} << 20;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || digit(c) || c == '.' || c == '-'; });
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Calls `value_of(name)` for each placeholder; a nullopt from it drops the whole argument.
template <class ValueOf>
std::optional<std::string> substitute(std::string_view text, const std::vector<std::string>& names,
                                      const ValueOf& value_of) {
  std::string filled;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '{') {
      filled += text[at++];
      continue;
    }
    const bool escaped = text.substr(at, 2) == "{{";
    const std::size_t begin = at + (escaped ? 2 : 1);
    const std::size_t end = text.find('}', begin);
    const std::string_view name = end == text.npos ? "" : text.substr(begin, end - begin);
    const bool placeholder = is_name(name) || contains(names, name);
    if (escaped && placeholder && text.substr(end, 2) == "}}") {
      filled += text.substr(begin - 1, name.size() + 2);
      at = end + 2;
    } else if (!escaped && placeholder) {
      const std::optional<std::string> value = value_of(name);
      if (!value) return std::nullopt;
      filled += *value;
      at = end + 1;
    } else {
      filled += text[at++];
    }
  }
  return filled;
}

/// Python's NaN, Infinity and -Infinity, outside of strings, as the strings of our protocol.
std::string without_bare_words(std::string_view text) {
  std::string plain;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    bool replaced = false;
    if (!in_string) {
      for (const auto& [word, meaning] :
           {std::pair<std::string_view, std::string_view>{"-Infinity", "\"-inf\""},
            {"Infinity", "\"inf\""},
            {"NaN", "\"nan\""}}) {
        if (text.substr(i, word.size()) != word) continue;
        plain += meaning;
        i += word.size();
        replaced = true;
        break;
      }
    }
    if (replaced) continue;
    if (in_string && text[i] == '\\' && i + 1 < text.size()) {
      plain += text[i++];
    } else if (text[i] == '"') {
      in_string = !in_string;
    }
    plain += text[i++];
  }
  return plain;
}

}  // namespace

void check_placeholders(const std::vector<std::string>& command, const std::vector<std::string>& names) {
  for (const std::string& argument : command) {
    substitute(argument, names, [&](std::string_view name) -> std::optional<std::string> {
      if (contains(names, name) || std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end())
        return "";
      throw std::invalid_argument(fmt::format(
          "trainable.command: no parameter is named {{{}}} in '{}'; the space has {} (write {{{{{}}}}} "
          "for the text itself)",
          name, argument, fmt::join(names, ", "), name));
    });
  }
}

std::vector<std::string> fill_placeholders(const std::vector<std::string>& command,
                                           const std::vector<std::string>& names, const SegmentOrder& order) {
  std::vector<std::string> filled;
  for (const std::string& argument : command) {
    auto text = substitute(argument, names, [&](std::string_view name) -> std::optional<std::string> {
      if (contains(names, name)) {
        const Value* value = order.params.find(name);
        if (value == nullptr || is_absent(*value)) return std::nullopt;
        return to_text(*value);
      }
      if (name == "trial") return std::to_string(order.trial);
      if (name == "seed") return std::to_string(order.seed);
      if (name == "repeat") return std::to_string(order.repeat);
      return order.device;
    });
    if (text) {
      filled.push_back(std::move(*text));
    } else if (&argument == &command.front()) {
      throw std::invalid_argument(fmt::format("the program '{}' names a parameter that is absent", argument));
    }
  }
  return filled;
}

bool last_metrics(std::string_view output, Metrics& metrics) {
  std::size_t budget = kParseBudget_bytes;
  // Given its end, an object's beginning is the one from which it parses; that of a nested one doesn't.
  for (std::size_t end = output.rfind('}'); end != output.npos && end > 0; end = output.rfind('}', end - 1)) {
    if (output.rfind('{', end) == output.npos) return false;
    for (std::size_t begin = output.rfind('{', end); begin != output.npos;
         begin = output.rfind('{', begin - 1)) {
      const std::string_view text = output.substr(begin, end - begin + 1);
      if (text.size() > budget) return false;
      budget -= text.size();
      auto object = decode(text);
      if (!object && (text.find("NaN") != text.npos || text.find("Infinity") != text.npos)) {
        object = decode(without_bare_words(text));
      }
      if (object) {
        metrics.clear();
        for (const auto& [name, value] : object->items()) {
          if (const auto number = decode_metric(value)) metrics.emplace_back(name, *number);
        }
        return true;
      }
      if (begin == 0) break;
    }
  }
  return false;
}

}  // namespace coppice
