#include "samplers/explore.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "samplers/draw.hpp"
#include "samplers/number_of.hpp"

namespace coppice {

namespace {

/// Moves point `from` of {0, …, count - 1} by `distance`, at least by one, to the other side where there is
/// no room.
std::int64_t move_point(std::int64_t from, double distance, std::int64_t count) {
  if (count < 2 || distance == 0) return from;
  const double magnitude =
      std::min(std::max(1.0, std::round(std::abs(distance))), static_cast<double>(count - 1));
  auto by = static_cast<std::int64_t>(magnitude);
  if (distance < 0) by = -by;
  if ((by < 0 && from == 0) || (by > 0 && from == count - 1)) by = -by;
  return std::clamp<std::int64_t>(from + by, 0, count - 1);
}

double move_number(double from, double distance, double low, double high) {
  if ((distance < 0 && from <= low) || (distance > 0 && from >= high)) distance = -distance;
  return std::clamp(from + distance, low, high);
}

Value perturb_choice(const Parameter& parameter, const Value& value, double factor) {
  if (!parameter.ordered) return value;
  const auto count = parameter.cardinality();
  const auto at = static_cast<std::int64_t>(parameter.encode(value) * static_cast<double>(count));
  return parameter.choices[static_cast<std::size_t>(move_point(at,
                                                               factor < 1   ? -1
                                                               : factor > 1 ? 1
                                                                            : 0,
                                                               count))];
}

Value perturb_on_grid(const Parameter& parameter, const Value& value, double factor) {
  const double step = parameter.step.value_or(1);
  const auto count = parameter.cardinality();
  const double number = number_of(value).value();
  const auto at = std::clamp<std::int64_t>(std::llround((number - parameter.low) / step), 0, count - 1);
  const double distance =
      parameter.log ? number * (factor - 1) / step : (factor - 1) * static_cast<double>(count - 1);
  const std::int64_t to = move_point(at, distance, count);
  if (parameter.type == ParameterType::kInt) {
    return static_cast<std::int64_t>(parameter.low) + to * static_cast<std::int64_t>(step);
  }
  return std::min(parameter.low + static_cast<double>(to) * step, parameter.high);
}

}  // namespace

Value perturb_value(const Parameter& parameter, const Value& value, double factor) {
  if (factor == 1) return value;
  if (parameter.type == ParameterType::kCategorical) return perturb_choice(parameter, value, factor);
  if (parameter.cardinality() > 0) return perturb_on_grid(parameter, value, factor);
  const double number = number_of(value).value();
  if (parameter.log) {
    const bool no_room = (factor < 1 && number <= parameter.low) || (factor > 1 && number >= parameter.high);
    return std::clamp(no_room ? number / factor : number * factor, parameter.low, parameter.high);
  }
  return move_number(number, (factor - 1) * (parameter.high - parameter.low), parameter.low, parameter.high);
}

Perturb::Perturb(SearchSpace space, std::uint64_t seed, double resample_probability,
                 std::vector<double> factors)
    : space_(std::move(space)),
      seed_(seed),
      resample_probability_(resample_probability),
      factors_(std::move(factors)) {
  check(!factors_.empty(), "perturb needs a factor");
}

Proposal Perturb::ask(const SampleRequest& request) const {
  check(request.base != nullptr, "an explorer needs a base");
  Proposal proposal;
  proposal.params = *request.base;
  std::string drawn;
  std::string moved;
  for (std::size_t i = 0; i < space_.size(); ++i) {
    const Parameter& parameter = space_.parameters()[i];
    Value& value = proposal.params[i];
    if (parameter.fixed) value = request.trained_with()->at(i);
    if (!space_.active(i, proposal.params)) {
      value = std::monostate{};
      continue;
    }
    Rng rng(seed_, Purpose::kPerturb, static_cast<std::uint64_t>(request.trial), hash_name(parameter.name));
    if (is_absent(value)) {
      value = draw_value(parameter, rng);
      drawn += " " + parameter.name;
      continue;
    }
    if (parameter.fixed) continue;
    const Value before = value;
    const bool resample = rng.uniform() < resample_probability_;
    value = resample ? draw_value(parameter, rng)
                     : perturb_value(parameter, value, factors_[rng.below(factors_.size())]);
    if (value != before) (resample ? drawn : moved) += " " + parameter.name;
  }
  if (!moved.empty()) proposal.note = "moved" + moved;
  if (!drawn.empty()) proposal.note += (moved.empty() ? "drew" : ", drew") + drawn;
  if (proposal.note.empty()) proposal.note = "unchanged";
  return proposal;
}

}  // namespace coppice
