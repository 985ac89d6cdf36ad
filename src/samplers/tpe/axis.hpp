/// One dimension of a Parzen estimator: how a parameter's encoding in [0, 1] is measured.
/// Immutable after construction; safe to read from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "coppice/search_space.hpp"

namespace coppice::tpe {

class Axis {
 public:
  /// A cell of a grid: the encoding of its value, and its share of [0, 1].
  struct Cell {
    double middle;
    double width;
  };

  explicit Axis(const Parameter& parameter);

  /// A categorical parameter without order: how many choices; else 0.
  int choices() const { return choices_; }
  /// A grid of few points: its cells, ascending. Empty where the parameter is continuous, or so fine that it
  /// passes for continuous.
  const std::vector<Cell>& cells() const { return cells_; }
  /// Which choice u stands for.
  int choice_of(double u) const;
  /// Which of `cells()` holds u.
  std::size_t cell_of(double u) const;
  /// The encoding of the value whose cell holds u; u itself where the parameter is continuous.
  double snap(double u) const;
  /// The variance of a uniform distribution over the cell whose middle is u; 0 where the parameter is
  /// continuous.
  double cell_variance(double u) const;

 private:
  double to_u(double edge) const;

  int choices_ = 0;
  double points_ = 0;  ///< of the grid; 0: continuous
  bool log_ = false;
  double step_ = 1;
  double from_ = 0;  ///< log_: the grid's lower edge; its logarithm, and the range of the edges' logarithms
  double log_from_ = 0;
  double log_range_ = 1;
  std::vector<Cell> cells_;
  std::optional<Parameter> uneven_;  ///< a grid whose cells are as a prior has them
};

}  // namespace coppice::tpe
