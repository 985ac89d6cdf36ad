/// The options of a sampler or scheduler: what it takes (a table in its catalog entry) and what a study gave.
/// Pure values. The table is what the study file is checked against, so an algorithm never sees a bad option.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coppice {

enum class OptionType { kBool, kInt, kNumber, kText, kNumbers };

/// Code of the user's that runs in a process of its own: one of the two is given.
struct UserProgram {
  std::vector<std::string> command = {};  ///< argv
  std::string plugin = {};                ///< a shared object
  bool operator==(const UserProgram&) const = default;
};

using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<double>, UserProgram>;

/// One option that an algorithm takes. `low` and `high` bound kInt, kNumber and each of kNumbers,
/// inclusively.
struct OptionSpec {
  std::string name;
  OptionType type = OptionType::kNumber;
  std::string help;
  bool required = false;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  ///< kText: the words it takes; empty: any
  bool program = false;                   ///< kText: or a UserProgram
};

/// The options that were given, by name. Getters convert int to number and return the fallback where absent.
/// Precondition of a getter: the value was checked against the table, so that the type fits (asserted).
class Options {
 public:
  void set(std::string name, OptionValue value) { values_[std::move(name)] = std::move(value); }
  bool contains(std::string_view name) const { return values_.find(name) != values_.end(); }
  bool flag(std::string_view name, bool fallback) const;
  std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  double number(std::string_view name, double fallback) const;
  std::string text(std::string_view name, std::string_view fallback) const;
  /// Null where it is absent or a text.
  const UserProgram* program(std::string_view name) const;
  std::vector<double> numbers(std::string_view name, std::vector<double> fallback) const;
  const std::map<std::string, OptionValue, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, OptionValue, std::less<>> values_;
};

}  // namespace coppice
