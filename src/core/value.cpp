#include "coppice/value.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace coppice {

namespace {

constexpr double kTwo63 = 9223372036854775808.0;

[[noreturn]] void wrong_type(std::string_view name, const Value& value, const char* wanted) {
  throw std::invalid_argument("parameter " + std::string(name) + " is '" + to_text(value) +
                              "', which is not " + wanted);
}

}  // namespace

std::string to_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 32> buffer;
  // Few digits, and 0.0001 rather than the 1e-04 that std::to_chars prefers for being one character shorter.
  const double size = std::abs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
  return {buffer.data(), end};
}

std::string to_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return to_text(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

const Value* Parameters::find(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (key == name) return &value;
  }
  return nullptr;
}

double Parameters::number(std::string_view name, double fallback) const {
  const Value* value = find(name);
  if (value == nullptr || is_absent(*value)) return fallback;
  if (const auto* flag = std::get_if<bool>(value)) return *flag ? 1 : 0;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(value)) return *number;
  wrong_type(name, *value, "a number");
}

std::int64_t Parameters::integer(std::string_view name, std::int64_t fallback) const {
  const Value* value = find(name);
  if (value == nullptr || is_absent(*value)) return fallback;
  if (const auto* flag = std::get_if<bool>(value)) return *flag ? 1 : 0;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return *integer;
  if (const auto* number = std::get_if<double>(value)) {
    if (std::trunc(*number) == *number && *number >= -kTwo63 && *number < kTwo63) {
      return static_cast<std::int64_t>(*number);
    }
  }
  wrong_type(name, *value, "an integer");
}

std::string Parameters::text(std::string_view name, std::string_view fallback) const {
  const Value* value = find(name);
  if (value == nullptr || is_absent(*value)) return std::string(fallback);
  return to_text(*value);
}

}  // namespace coppice
