#include "worker/program_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "core/placeholders.hpp"
#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

constexpr std::size_t kParseBudget_bytes = std::size_t{4} << 20;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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
    const std::string problem = placeholder_problem(argument, names);
    if (!problem.empty()) throw std::invalid_argument("trainable.command: " + problem);
  }
}

std::vector<std::string> fill_placeholders(const std::vector<std::string>& command,
                                           const std::vector<std::string>& names, const SegmentOrder& order) {
  std::vector<std::string> filled;
  for (const std::string& argument : command) {
    auto text =
        replace_placeholders(argument, names, [&](std::string_view name) -> std::optional<std::string> {
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
