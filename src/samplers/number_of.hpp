/// What a value is worth as a number. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "coppice/value.hpp"

namespace coppice {

/// Nothing for what is no number: text, a truth value, an absent one.
inline std::optional<double> number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

}  // namespace coppice
