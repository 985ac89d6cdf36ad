#include "trainables/parameter_info.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/nearest.hpp"

namespace coppice {

namespace {

std::string bounds_text(const ParameterInfo& info) {
  std::string out;
  if (std::isfinite(info.low)) out = (info.low_open ? "above " : "at least ") + to_text(info.low);
  if (std::isfinite(info.high)) {
    out += std::string(out.empty() ? "" : " and ") + (info.high_open ? "below " : "at most ") +
           to_text(info.high);
  }
  return out;
}

/// What the number is not ("at least 1"), or "" where it is in bounds.
std::string bounds_problem(const ParameterInfo& info, double number) {
  if (!std::isfinite(number)) return "finite";
  const bool low_ok = info.low_open ? number > info.low : number >= info.low;
  const bool high_ok = info.high_open ? number < info.high : number <= info.high;
  return low_ok && high_ok ? "" : bounds_text(info);
}

/// What the value is not ("an integer"), or "".
std::string kind_problem(const ParameterInfo& info, const Value& value) {
  if (info.kind == ParameterKind::kChoice) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && std::find(info.choices.begin(), info.choices.end(), *text) != info.choices.end()) {
      return "";
    }
    return "one of " + join(info.choices);
  }
  const auto* integer = std::get_if<std::int64_t>(&value);
  const auto* real = std::get_if<double>(&value);
  if (integer == nullptr && real == nullptr) {
    return info.kind == ParameterKind::kInteger ? "an integer" : "a number";
  }
  const double number = integer != nullptr ? static_cast<double>(*integer) : *real;
  if (info.kind == ParameterKind::kInteger && std::trunc(number) != number) return "an integer";
  return bounds_problem(info, number);
}

}  // namespace

std::string value_problem(const ParameterInfo& info, const Value& value) {
  const std::string wanted = kind_problem(info, value);
  return wanted.empty() ? "" : info.name + " is '" + to_text(value) + "', which is not " + wanted;
}

std::string range_problem(const ParameterInfo& info, const Parameter& parameter) {
  if (parameter.type == ParameterType::kCategorical) {
    for (const Value& choice : parameter.choices) {
      const std::string wanted = kind_problem(info, choice);
      if (!wanted.empty()) return info.name + ": choice '" + to_text(choice) + "' is not " + wanted;
    }
    return "";
  }
  if (info.kind == ParameterKind::kChoice) {
    return info.name + ": use type: categorical with choices out of [" + join(info.choices) + "]";
  }
  if (info.kind == ParameterKind::kInteger && parameter.type != ParameterType::kInt) {
    return info.name + ": use type: int, for it takes integers only";
  }
  for (const auto& [word, bound] : {std::pair{"low", parameter.low}, std::pair{"high", parameter.high}}) {
    const std::string wanted = bounds_problem(info, bound);
    if (!wanted.empty()) return info.name + ": " + word + " " + to_text(bound) + " is not " + wanted;
  }
  return "";
}

void require_parameters(std::string_view trainable, const std::vector<ParameterInfo>& table,
                        const Parameters& parameters) {
  std::vector<std::string> names;
  for (const ParameterInfo& info : table) names.push_back(info.name);
  for (const auto& [name, value] : parameters.items()) {
    if (is_absent(value)) continue;
    const auto info = std::find_if(table.begin(), table.end(),
                                   [&name = name](const ParameterInfo& entry) { return entry.name == name; });
    if (info == table.end()) {
      throw std::invalid_argument(std::string(trainable) + " has no parameter '" + name + "'" +
                                  suggest(name, names));
    }
    const std::string problem = value_problem(*info, value);
    if (!problem.empty()) throw std::invalid_argument(std::string(trainable) + ": " + problem);
  }
  for (const ParameterInfo& info : table) {
    const Value* value = parameters.find(info.name);
    if (info.required && (value == nullptr || is_absent(*value))) {
      throw std::invalid_argument(std::string(trainable) + " needs the parameter " + info.name);
    }
  }
}

}  // namespace coppice
