/// How the Gaussian process sees a search space: points, which are encoded hyperparameters, and the feature
/// vectors of the kernel.
///
/// A *point* has one number in [0, 1] for each parameter, also for one that is off: see
/// coppice/search_space.hpp. A discrete parameter stands at the middle of one of its cells, always, so that
/// the model never sees a value between two that can be tried.
///
/// A numeric or ordered parameter is one feature, its number less 1/2. An unordered categorical one is a
/// group of indicators whose squared distance is 1 between any two choices. A parameter that is off shows
/// the kernel a value of its own, whatever its number: the middle of the range, or one more choice; that it
/// is off is told by its parent's feature, which differs. (J.-C. Levesque, A. Durand, C. Gagne, R. Sabourin,
/// "Bayesian optimization for conditional hyperparameter spaces", IJCNN 2017, impute likewise.)
///
/// Immutable after construction; safe from any thread.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coppice/search_space.hpp"

namespace coppice::gp {

using Point = std::vector<double>;

class Coordinates {
 public:
  explicit Coordinates(SearchSpace space);
  /// The same, but every point has one more feature, the last, in a group of its own: this number.
  Coordinates with_context(double context) const;

  std::size_t size() const { return axes_.size(); }
  const SearchSpace& space() const { return space_; }
  /// Of the kernel's features: group of each, dense from 0.
  const std::vector<int>& groups() const { return groups_; }
  int group_count() const { return static_cast<int>(size()) + (context_ ? 1 : 0); }

  /// Values that an axis can take; 0: continuous.
  std::int64_t cells(std::size_t axis) const { return axes_[axis].cells; }
  /// Whether cells have an order.
  bool ordered(std::size_t axis) const { return axes_[axis].ordered; }
  /// Whether an acquisition may be climbed along it: continuous, or so fine a grid that a slope means
  /// something between its points. After a climb: `snap`.
  bool smooth(std::size_t axis) const {
    return axes_[axis].ordered && (cells(axis) == 0 || cells(axis) > kFewCells);
  }
  /// Feature of a smooth axis.
  Eigen::Index feature(std::size_t axis) const { return axes_[axis].first_feature; }
  std::int64_t cell_of(std::size_t axis, double u) const;
  double middle_of(std::size_t axis, std::int64_t cell) const;

  /// Moves discrete coordinates to the middle of their cell.
  void snap(Point& point) const;
  /// Whether each parameter is on.
  std::vector<bool> active(const Point& point) const;
  /// Precondition, also below: the point is snapped.
  void features(const Point& point, Eigen::Ref<Eigen::VectorXd> to) const;
  Eigen::MatrixXd features(std::span<const Point> points) const;
  /// Equal for two points that are the same hyperparameters.
  Point key(const Point& point) const;
  Values decode(const Point& point) const;
  /// From encoded hyperparameters with NaN where a parameter is off.
  Point from_encoded(std::span<const double> encoded) const;

  /// How many different hyperparameters there are, conditions not counted; nothing where infinitely many or
  /// more than `limit`.
  std::optional<std::int64_t> count(std::int64_t limit) const;

  /// A grid with no more values is searched value by value, never along a slope.
  static constexpr std::int64_t kFewCells = 64;

 private:
  struct Axis {
    std::int64_t cells = 0;
    bool ordered = true;
    bool categorical = false;
    std::vector<double> middles;  ///< of the cells, up to kFewCells of them
    Eigen::Index first_feature = 0;
    Eigen::Index features = 1;
    std::optional<std::size_t> parent;
    std::vector<std::int64_t> parent_cells;  ///< where it is on
  };
  double compute_middle(std::size_t axis, std::int64_t cell) const;

  SearchSpace space_;
  std::vector<Axis> axes_;
  std::vector<int> groups_;
  std::optional<double> context_;
};

}  // namespace coppice::gp
