#include "coppice/search_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/check.hpp"
#include "core/prior.hpp"

namespace coppice {

namespace {

constexpr double kTwo53 = 9007199254740992.0;

/// 1 equals 1.0; a bool equals only a bool, a text only a text.
bool same_value(const Value& a, const Value& b) {
  const auto* integer = std::get_if<std::int64_t>(&a);
  const auto* number = std::get_if<double>(&b);
  if (integer == nullptr && number == nullptr) {
    integer = std::get_if<std::int64_t>(&b);
    number = std::get_if<double>(&a);
  }
  if (integer == nullptr || number == nullptr) return a == b;
  return std::trunc(*number) == *number && *number >= -0x1p63 && *number < 0x1p63 &&
         static_cast<std::int64_t>(*number) == *integer;
}

bool contains(const std::vector<Value>& values, const Value& wanted) {
  return std::any_of(values.begin(), values.end(),
                     [&](const Value& value) { return same_value(value, wanted); });
}

/// The values low + i * step, i < count, of a parameter that has finitely many.
struct Grid {
  double low;
  double high;
  double step;
  std::int64_t count;

  double at(std::int64_t i) const { return std::min(low + static_cast<double>(i) * step, high); }
  std::int64_t nearest(double value) const {
    return std::clamp<std::int64_t>(std::llround((value - low) / step), 0, count - 1);
  }
};

bool has_grid(const Parameter& parameter) {
  return parameter.type == ParameterType::kInt || (parameter.type == ParameterType::kFloat && parameter.step);
}

/// How many steps fit between low and high. A high that only rounding keeps off the grid counts as on it:
/// {low: 0, high: 0.3, step: 0.1} has four values, though 3 * 0.1 > 0.3.
double steps_within(double low, double high, double step) {
  const double quotient = (high - low) / step;
  const double rounding = 4 * std::numeric_limits<double>::epsilon() *
                          (std::max(std::abs(low), std::abs(high)) / step + quotient);
  const double nearest = std::round(quotient);
  return std::abs(quotient - nearest) <= std::min(rounding, 0.25) ? nearest : std::floor(quotient);
}

Grid grid_of(const Parameter& parameter) {
  const double step = parameter.step.value_or(1);
  const double steps = steps_within(parameter.low, parameter.high, step);
  return {parameter.low, parameter.high, step, static_cast<std::int64_t>(steps) + 1};
}

/// The middle of share `index` of `count` equal ones.
double encode_share(std::int64_t index, std::int64_t count) {
  return (static_cast<double>(index) + 0.5) / static_cast<double>(count);
}

std::int64_t decode_share(double u, std::int64_t count) {
  return std::min(static_cast<std::int64_t>(u * static_cast<double>(count)), count - 1);
}

/// Grid cells in log space: from log(low - step/2) to log(last + step/2).
struct LogCells {
  explicit LogCells(const Grid& grid)
      : half(grid.step / 2),
        first(grid.low - half),
        from(std::log(first)),
        to(std::log(grid.at(grid.count - 1) + half)) {}

  double half;
  double first;
  double from;
  double to;
};

double clip(double u) {
  return u > 0 ? std::min(u, 1.0) : 0.0;
}  // NaN: 0

/// The prior on the scale of the search. That of a grid covers its cells.
PriorScale prior_of(const Parameter& p) {
  const auto scale = [&](double x) { return p.log ? std::log(x) : x; };
  double from = p.low;
  double to = p.high;
  if (has_grid(p)) {
    const Grid grid = grid_of(p);
    from -= grid.step / 2;
    to = grid.at(grid.count - 1) + grid.step / 2;
  }
  return {scale(p.prior->mean), p.prior->deviation, scale(from), scale(to)};
}

double number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  const auto* number = std::get_if<double>(&value);
  check(number != nullptr, "a numeric parameter has a value that is no number");
  return *number;
}

[[noreturn]] void refuse(const Parameter& parameter, const std::string& why) {
  throw std::invalid_argument("parameter " + parameter.name + ": " + why);
}

void check_numeric(const Parameter& p) {
  if (!std::isfinite(p.low) || !std::isfinite(p.high)) refuse(p, "low and high must be finite");
  if (p.low >= p.high) refuse(p, "empty range: low must be less than high");
  if (p.step && !(std::isfinite(*p.step) && *p.step > 0)) refuse(p, "step must be greater than 0");
  if (p.step && *p.step > p.high - p.low) refuse(p, "step is larger than the range");
  if (p.log && p.low <= 0) refuse(p, "log needs low > 0");
  if (const std::string problem = PriorScale::problem(p); !problem.empty()) refuse(p, problem);
  if (p.type == ParameterType::kInt) {
    const auto whole = [](double x) { return std::trunc(x) == x && std::abs(x) <= kTwo53; };
    if (!whole(p.low) || !whole(p.high) || !whole(p.step.value_or(1))) {
      refuse(p, "an int has integers within +-2^53 as low, high and step");
    }
  }
  if (!has_grid(p)) return;
  if (!((p.high - p.low) / p.step.value_or(1) <= 2 * kTwo53)) refuse(p, "step is too small for the range");
  if (p.log && p.low <= p.step.value_or(1) / 2) refuse(p, "log with a step needs low > step / 2");
}

void check_parameter(const Parameter& p) {
  if (p.name.empty()) refuse(p, "a parameter needs a name");
  if (p.type != ParameterType::kCategorical) return check_numeric(p);
  if (p.prior) refuse(p, "only numbers have a prior");
  if (p.choices.empty()) refuse(p, "no choices");
  for (std::size_t i = 0; i < p.choices.size(); ++i) {
    if (is_absent(p.choices[i])) refuse(p, "an absent value is no choice");
    for (std::size_t j = 0; j < i; ++j) {
      if (same_value(p.choices[i], p.choices[j])) {
        refuse(p, "choice '" + to_text(p.choices[i]) + "' is there twice");
      }
    }
  }
}

void check_condition(const Parameter& p, const Parameter& parent) {
  if (parent.type == ParameterType::kFloat) {
    refuse(p, "its condition names " + parent.name +
                  ", a float; only categorical and int parameters can be one");
  }
  if (p.when->values.empty()) refuse(p, "its condition has no values");
  for (const Value& value : p.when->values) {
    // An int parent takes 16.0 as well as 16: conditions compare numbers, not types.
    const auto* number = std::get_if<double>(&value);
    const bool whole = number != nullptr && std::trunc(*number) == *number && std::abs(*number) <= kTwo53;
    const bool taken = parent.type == ParameterType::kInt && whole
                           ? parent.admits(static_cast<std::int64_t>(*number))
                           : parent.admits(value);
    if (!taken)
      refuse(p, "its condition names a value that " + parent.name + " can't take: " + to_text(value));
  }
}

}  // namespace

std::int64_t Parameter::cardinality() const {
  if (type == ParameterType::kCategorical) return static_cast<std::int64_t>(choices.size());
  return has_grid(*this) ? grid_of(*this).count : 0;
}

double Parameter::encode(const Value& value) const {
  if (type == ParameterType::kCategorical) {
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (same_value(choices[i], value)) {
        return encode_share(static_cast<std::int64_t>(i), cardinality());
      }
    }
    check(false, "encode: a value that is none of the choices");
  }
  const double number = number_of(value);
  if (has_grid(*this)) {
    const Grid grid = grid_of(*this);
    const std::int64_t i = grid.nearest(number);
    if (prior) return (cell_edge(i) + cell_edge(i + 1)) / 2;
    if (!log) return encode_share(i, grid.count);
    const LogCells cells(grid);
    const double middle = (std::log(grid.at(i) - cells.half) + std::log(grid.at(i) + cells.half)) / 2;
    return clip((middle - cells.from) / (cells.to - cells.from));
  }
  if (prior) return prior_of(*this).share(log ? std::log(number) : number);
  if (log) return clip((std::log(number) - std::log(low)) / (std::log(high) - std::log(low)));
  return clip((number / 2 - low / 2) / (high / 2 - low / 2));  // halves: high - low may overflow
}

Value Parameter::decode(double u) const {
  u = clip(u);
  if (type == ParameterType::kCategorical) {
    return choices[static_cast<std::size_t>(decode_share(u, cardinality()))];
  }
  if (has_grid(*this)) {
    const Grid grid = grid_of(*this);
    std::int64_t i = 0;
    if (prior) {
      const double x = prior_of(*this).quantile(u);
      const double position = ((log ? std::exp(x) : x) - (low - grid.step / 2)) / grid.step;
      i = std::clamp<std::int64_t>(static_cast<std::int64_t>(position), 0, grid.count - 1);
    } else if (log) {
      const LogCells cells(grid);
      const double position = (std::exp(std::lerp(cells.from, cells.to, u)) - cells.first) / grid.step;
      // exp(log(x)) may miss the last of a wide range's cells by several.
      i = u == 1 ? grid.count - 1
                 : std::clamp<std::int64_t>(static_cast<std::int64_t>(position), 0, grid.count - 1);
    } else {
      i = decode_share(u, grid.count);
    }
    if (type == ParameterType::kFloat) return grid.at(i);
    return static_cast<std::int64_t>(low) + i * static_cast<std::int64_t>(grid.step);
  }
  if (u == 0) return low;
  if (u == 1) return high;
  const double x = prior ? prior_of(*this).quantile(u)
                   : log ? std::lerp(std::log(low), std::log(high), u)
                         : std::lerp(low, high, u);
  const double value = log ? std::exp(x) : x;
  return std::clamp(value, low, high);
}

std::int64_t Parameter::cell_of(double u) const {
  if (type == ParameterType::kCategorical) return decode_share(clip(u), cardinality());
  return grid_of(*this).nearest(number_of(decode(u)));
}

double Parameter::cell_edge(std::int64_t index) const {
  const std::int64_t count = cardinality();
  if (type == ParameterType::kCategorical || (!log && !prior)) {
    return static_cast<double>(index) / static_cast<double>(count);
  }
  if (index == 0 || index == count) return index == 0 ? 0 : 1;
  const Grid grid = grid_of(*this);
  const double edge = grid.low + (static_cast<double>(index) - 0.5) * grid.step;
  if (prior) return prior_of(*this).share(log ? std::log(edge) : edge);
  const LogCells cells(grid);
  return clip((std::log(edge) - cells.from) / (cells.to - cells.from));
}

bool Parameter::admits(const Value& value) const {
  switch (type) {
    case ParameterType::kCategorical:
      return contains(choices, value);
    case ParameterType::kInt: {
      const auto* integer = std::get_if<std::int64_t>(&value);
      if (integer == nullptr) return false;
      const auto first = static_cast<std::int64_t>(low);
      return *integer >= first && *integer <= static_cast<std::int64_t>(high) &&
             (*integer - first) % static_cast<std::int64_t>(step.value_or(1)) == 0;
    }
    case ParameterType::kFloat: {
      const auto* number = std::get_if<double>(&value);
      if (number == nullptr || !(*number >= low && *number <= high)) return false;
      if (!step) return true;
      // The 0.3 that a person writes is on the grid of 0.1, though 3 * 0.1 is another double.
      const Grid grid = grid_of(*this);
      const double rounding =
          4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(low), std::abs(high));
      return std::abs(*number - grid.at(grid.nearest(*number))) <= rounding;
    }
  }
  return false;
}

SearchSpace::SearchSpace(std::vector<Parameter> parameters) {
  const std::size_t count = parameters.size();
  const auto find = [&](std::string_view name) {
    std::size_t i = 0;
    while (i < count && parameters[i].name != name) ++i;
    return i;
  };
  std::vector<std::size_t> given_parent(count, count);
  for (std::size_t i = 0; i < count; ++i) {
    const Parameter& p = parameters[i];
    check_parameter(p);
    if (find(p.name) != i) refuse(p, "the name is there twice");
    if (!p.when) continue;
    given_parent[i] = find(p.when->parent);
    if (given_parent[i] == count) refuse(p, "its condition names an unknown parameter, " + p.when->parent);
    check_condition(p, parameters[given_parent[i]]);
  }

  // The first that is ready, again and again: keeps the given order wherever conditions allow it.
  std::vector<std::size_t> place(count, count);
  for (std::size_t placed = 0; placed < count; ++placed) {
    std::size_t next = 0;
    while (next < count &&
           (place[next] != count || (given_parent[next] != count && place[given_parent[next]] == count))) {
      ++next;
    }
    if (next == count) {
      const auto cyclic =
          static_cast<std::size_t>(std::find(place.begin(), place.end(), count) - place.begin());
      refuse(parameters[cyclic], "its condition leads back to itself");
    }
    place[next] = placed;
  }

  parameters_.resize(count);
  parent_.assign(count, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (given_parent[i] != count) parent_[place[i]] = place[given_parent[i]];
    parameters_[place[i]] = std::move(parameters[i]);
  }
}

std::size_t SearchSpace::index_of(std::string_view name) const {
  std::size_t i = 0;
  while (i < parameters_.size() && parameters_[i].name != name) ++i;
  return i;
}

bool SearchSpace::active(std::size_t index, const Values& values) const {
  check(index < size() && values.size() == size(), "values of another search space");
  const std::size_t parent = parent_[index];
  if (parent == size()) return true;
  return active(parent, values) && contains(parameters_[index].when->values, values[parent]);
}

void SearchSpace::prune_inactive(Values& values) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (!active(i, values)) values[i] = std::monostate{};
  }
}

bool SearchSpace::admits(const Values& values) const {
  if (values.size() != size()) return false;
  for (std::size_t i = 0; i < size(); ++i) {
    if (active(i, values) ? !parameters_[i].admits(values[i]) : !is_absent(values[i])) return false;
  }
  return true;
}

Parameters SearchSpace::named(const Values& values) const {
  check(values.size() == size(), "values of another search space");
  std::vector<std::pair<std::string, Value>> items;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!is_absent(values[i])) items.emplace_back(parameters_[i].name, values[i]);
  }
  return Parameters(std::move(items));
}

}  // namespace coppice
