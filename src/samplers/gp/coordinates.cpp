#include "samplers/gp/coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "samplers/number_of.hpp"

namespace coppice::gp {

namespace {

/// What `key` shows of a parameter that is off.
constexpr double kOff = -1;
/// An indicator: squared distance 1 between any two of them.
const double kIndicator = std::sqrt(0.5);

}  // namespace

Coordinates::Coordinates(SearchSpace space) : space_(std::move(space)), axes_(space_.size()) {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const Parameter& parameter = space_.parameters()[i];
    Axis& axis = axes_[i];
    axis.cells = parameter.cardinality();
    axis.categorical = parameter.type == ParameterType::kCategorical;
    axis.ordered = !axis.categorical || parameter.ordered || axis.cells <= 2;
    if (axis.cells <= kFewCells) {
      for (std::int64_t cell = 0; cell < axis.cells; ++cell) axis.middles.push_back(compute_middle(i, cell));
    }
    if (parameter.when) {
      axis.parent = space_.index_of(parameter.when->parent);
      const Parameter& parent = space_.parameters()[*axis.parent];
      for (const Value& value : parameter.when->values) {
        axis.parent_cells.push_back(cell_of(*axis.parent, parent.encode(value)));
      }
    }
    axis.first_feature = static_cast<Eigen::Index>(groups_.size());
    if (!axis.ordered) axis.features = axis.cells + (axis.parent ? 1 : 0);
    groups_.insert(groups_.end(), static_cast<std::size_t>(axis.features), static_cast<int>(i));
  }
}

Coordinates Coordinates::with_context(double context) const {
  Coordinates other = *this;
  other.context_ = context;
  if (!context_) other.groups_.push_back(static_cast<int>(size()));
  return other;
}

double Coordinates::compute_middle(std::size_t axis, std::int64_t cell) const {
  const Parameter& parameter = space_.parameters()[axis];
  if (axes_[axis].categorical) {
    return (static_cast<double>(cell) + 0.5) / static_cast<double>(axes_[axis].cells);
  }
  const double step = parameter.step.value_or(1);
  const double value = std::min(parameter.low + static_cast<double>(cell) * step, parameter.high);
  if (parameter.type == ParameterType::kFloat) return parameter.encode(value);
  return parameter.encode(static_cast<std::int64_t>(value));
}

double Coordinates::middle_of(std::size_t axis, std::int64_t cell) const {
  const Axis& a = axes_[axis];
  check(cell >= 0 && cell < a.cells, "a cell that an axis doesn't have");
  return a.middles.empty() ? compute_middle(axis, cell) : a.middles[static_cast<std::size_t>(cell)];
}

std::int64_t Coordinates::cell_of(std::size_t axis, double u) const {
  const Axis& a = axes_[axis];
  if (a.categorical) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(u * static_cast<double>(a.cells)), 0,
                                    a.cells - 1);
  }
  const Parameter& parameter = space_.parameters()[axis];
  const double value = number_of(parameter.decode(u)).value();
  return std::clamp<std::int64_t>(std::llround((value - parameter.low) / parameter.step.value_or(1)), 0,
                                  a.cells - 1);
}

void Coordinates::snap(Point& point) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (axes_[i].cells > 0) point[i] = middle_of(i, cell_of(i, point[i]));
  }
}

std::vector<bool> Coordinates::active(const Point& point) const {
  std::vector<bool> active(size(), true);
  for (std::size_t i = 0; i < size(); ++i) {
    const Axis& axis = axes_[i];
    if (!axis.parent) continue;
    const std::int64_t cell = cell_of(*axis.parent, point[*axis.parent]);
    active[i] = active[*axis.parent] && std::find(axis.parent_cells.begin(), axis.parent_cells.end(), cell) !=
                                            axis.parent_cells.end();
  }
  return active;
}

void Coordinates::features(const Point& point, Eigen::Ref<Eigen::VectorXd> to) const {
  const std::vector<bool> on = active(point);
  to.setZero();
  if (context_) to[to.size() - 1] = *context_;
  for (std::size_t i = 0; i < size(); ++i) {
    const Axis& axis = axes_[i];
    if (axis.ordered) {
      to[axis.first_feature] = on[i] ? point[i] - 0.5 : 0;
    } else {
      to[axis.first_feature + (on[i] ? cell_of(i, point[i]) : axis.cells)] = kIndicator;
    }
  }
}

Eigen::MatrixXd Coordinates::features(std::span<const Point> points) const {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(groups_.size()), static_cast<Eigen::Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    features(points[i], matrix.col(static_cast<Eigen::Index>(i)));
  }
  return matrix;
}

Point Coordinates::key(const Point& point) const {
  const std::vector<bool> on = active(point);
  Point key = point;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!on[i]) key[i] = kOff;
  }
  return key;
}

Values Coordinates::decode(const Point& point) const {
  Values values;
  for (std::size_t i = 0; i < size(); ++i) values.push_back(space_.parameters()[i].decode(point[i]));
  space_.prune_inactive(values);
  return values;
}

Point Coordinates::from_encoded(std::span<const double> encoded) const {
  Point point(encoded.begin(), encoded.end());
  for (double& u : point) {
    if (std::isnan(u)) u = 0.5;
  }
  snap(point);
  return point;
}

std::optional<std::int64_t> Coordinates::count(std::int64_t limit) const {
  std::int64_t product = 1;
  for (const Axis& axis : axes_) {
    if (axis.cells == 0 || axis.cells > limit / product) return std::nullopt;
    product *= axis.cells;
  }
  return product;
}

}  // namespace coppice::gp
