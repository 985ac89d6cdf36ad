/// What is searched: parameters with their ranges, and the encoding that samplers work in.
///
/// Every numeric parameter is encoded to u in [0, 1] (in log space where `log`). Discrete parameters own
/// *cells*: the cell of value v is [v - step/2, v + step/2], so that each value of a linear int owns an equal
/// share of [0, 1] and a value v of a log int a share proportional to log((v + 1/2) / (v - 1/2)). `encode`
/// gives the middle of the cell. A parameter with a prior is encoded by the prior's distribution function
/// instead: what is likely owns more of [0, 1]. A categorical choice is encoded as the middle of its share,
/// (index + 1/2) / count. Values: immutable after construction; safe to read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/value.hpp"

namespace coppice {

enum class ParameterType { kFloat, kInt, kCategorical };

/// The parameter is present only where the categorical (or int, or bool) parameter `parent` has one of
/// `values`.
struct Condition {
  std::string parent;
  std::vector<Value> values;
};

/// Where a numeric parameter's good values are believed to be: normally distributed about `mean`, truncated
/// to the parameter's range. Where the parameter is `log`, its natural logarithm is, about that of `mean`,
/// and `deviation` is that of the logarithm.
struct Prior {
  double mean = 0;
  double deviation = 1;
};

struct Parameter {
  std::string name;
  ParameterType type = ParameterType::kFloat;
  double low = 0;  ///< kFloat and kInt: inclusive bounds
  double high = 0;
  std::optional<double> step;  ///< grid low, low + step, …; kInt without it: 1
  bool log = false;
  std::optional<Prior> prior;  ///< kFloat and kInt; absent: uniform
  std::vector<Value> choices;  ///< kCategorical
  bool ordered = false;        ///< kCategorical: neighbours are near each other
  bool fixed = false;          ///< a clone inherits it unchanged
  std::optional<Condition> when;

  /// How many values it can take: choices, grid points; 0 for a continuous float.
  std::int64_t cardinality() const;
  /// u in [0, 1] for a present value of this parameter. Precondition: `admits(value)`.
  double encode(const Value& value) const;
  /// The value whose cell holds u; u is clipped to [0, 1].
  Value decode(double u) const;
  /// Number of the cell that holds u, and where cell `index` begins in [0, 1]; it ends where the next one
  /// begins. Preconditions: cardinality() > 0; 0 <= index <= cardinality().
  std::int64_t cell_of(double u) const;
  double cell_edge(std::int64_t index) const;
  /// Whether value has the right type and lies within the range (and on the grid).
  bool admits(const Value& value) const;
};

class SearchSpace {
 public:
  SearchSpace() = default;
  /// Orders parameters so that each stands after the one its condition names, otherwise as given.
  /// Throws std::invalid_argument (duplicate name, unknown or cyclic parent, empty range, log with low <= 0,
  /// a prior that isn't about the range, no choices, a condition on a value that the parent can't take): the
  /// message names the parameter.
  explicit SearchSpace(std::vector<Parameter> parameters);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::size_t size() const { return parameters_.size(); }
  /// Position of a parameter, or size() where there is none of that name.
  std::size_t index_of(std::string_view name) const;

  /// Whether parameter `index` is present given the values of those before it.
  bool active(std::size_t index, const Values& values) const;
  /// Sets every parameter whose condition is off to absent. Those that are on and absent stay absent.
  void prune_inactive(Values& values) const;
  /// Whether all active parameters have an admitted value and all inactive ones are absent.
  bool admits(const Values& values) const;

  Parameters named(const Values& values) const;

 private:
  std::vector<Parameter> parameters_;
  std::vector<std::size_t> parent_;  ///< index of the condition's parameter, or size()
};

}  // namespace coppice
