/// The value of one hyperparameter, and a set of them by name.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coppice {

/// Absent (`std::monostate`: the parameter's condition is off), or what a study file can hold.
/// A float parameter holds `double`, an int parameter `std::int64_t`, a categorical one whichever type its
/// choice was written as.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// The values of all parameters of a search space, in its order; `std::monostate` where absent.
using Values = std::vector<Value>;

inline bool is_absent(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

/// Shortest text that reads back as the same value; "" for an absent one, "true"/"false" for bool.
std::string to_text(const Value& value);
/// Fewest digits that read back as the same double, without exponent from 1e-4 to 1e16; "nan", "inf", "-inf"
/// where not finite.
std::string to_text(double value);

/// Named values, as a trainable gets them. Absent parameters are not in it.
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::vector<std::pair<std::string, Value>> items) : items_(std::move(items)) {}

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Null where there is no such parameter.
  const Value* find(std::string_view name) const;

  /// The number named `name` (an int or bool is converted), or `fallback` where it is absent.
  /// Throws std::invalid_argument naming the parameter if it is there and not a number.
  double number(std::string_view name, double fallback) const;
  /// As `number`, for integers; a double must be integral.
  std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  /// The text named `name`, or `fallback`; a number is turned into its text.
  std::string text(std::string_view name, std::string_view fallback) const;

  const std::vector<std::pair<std::string, Value>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, Value>> items_;
};

}  // namespace coppice
