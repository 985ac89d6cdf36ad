/// A Parzen estimator on the unit cube: a mixture of a kernel for each observation and a uniform prior. A
/// kernel is a product over the axes: a normal distribution truncated to [0, 1], or, for a parameter without
/// order, the observed choice, smoothed. All kernels have the same bandwidth on an axis. README.md has the
/// formulas.
///
/// Kernels live in *slots*, numbers that the caller chooses. The same kernels in the same slots give the same
/// bits, whatever came and went before: moments are sums of integers, and densities are summed in the order
/// of slots. The caller keeps the axes alive. Written by one thread; read by any number while nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "coppice/rng.hpp"
#include "samplers/tpe/axis.hpp"

namespace coppice::tpe {

/// Points in the unit cube, one after the other, a number for each axis.
struct Points {
  std::size_t axes = 0;
  std::vector<double> values;

  std::size_t count() const { return values.size() / axes; }
  std::span<const double> point(std::size_t i) const { return std::span(values).subspan(i * axes, axes); }
};

class Kernels {
 public:
  /// What the weights of all kernels may sum up to: then the moments fit into 63 bits.
  static constexpr std::int64_t kMaxWeight = 1 << 16;

  /// `prior_weight` is the prior's in the mixture, in the unit of the kernels' weights.
  Kernels(const std::vector<Axis>& axes, std::int64_t prior_weight);

  /// Puts a kernel at `point`. Preconditions: the slot is free; weight > 0.
  void insert(std::size_t slot, std::span<const double> point, std::int64_t weight);
  /// Preconditions: the slot holds a kernel; `point` is where it stands.
  void erase(std::size_t slot, std::span<const double> point);
  void clear();
  /// Ends a series of changes: call it before anything below.
  void settle();

  bool holds(std::size_t slot) const { return slot < weights_.size() && weights_[slot] > 0; }
  std::size_t size() const { return size_; }
  /// The logarithm of the density at each of `points`, up to a constant that is the same for all estimators
  /// over the same axes.
  void log_density(const Points& points, std::span<double> out) const;
  /// Draws points, snapped to the middles of their cells. Each coordinate is drawn from a kernel of its own,
  /// or from the prior, with `spread` times the bandwidth: not from the mixture, but from its marginals.
  Points sample(Rng& rng, std::size_t count, double spread = 1) const;

 private:
  /// One axis of all slots.
  struct Column {
    std::vector<float> middle;  ///< of a choice: its index
    std::vector<float> scaled;  ///< middle * scale
    std::vector<float> norm;    ///< minus the logarithm of the kernel's integral
    // Moments of the middles, and of the variances of their cells, in fixed point.
    std::int64_t sum = 0;
    std::int64_t squares = 0;
    std::int64_t cell_variances = 0;
    std::vector<float> cell_norms;  ///< of a grid of few points: norm by cell
    double bandwidth = 1;
    float log_same = 0;  ///< of a parameter without order: what a kernel gives to its choice, and to others
    float log_other = 0;
    float scale = 0;  ///< 1 / (deviation sqrt 2), the deviation being that of the bandwidth and the cells
  };
  struct ChoiceMass;
  struct Ticket;

  std::vector<Ticket> draw_tickets(Rng& rng, std::size_t count) const;
  void reserve(std::size_t slots);
  void count(std::size_t slot, std::span<const double> point, std::int64_t weight);
  /// Whether it is another one than before, so that all slots must be fitted again.
  bool set_scale(Column& column) const;
  static void fit_cells(const Axis& axis, Column& column);
  static void fit_column(const Axis& axis, Column& column, std::size_t first, std::size_t last);
  void fit_base(std::size_t first, std::size_t last);
  std::vector<float> in_units(const Points& points) const;
  void add_block(const float* point, std::size_t first, std::size_t count, float* exponents) const;
  ChoiceMass choice_mass(const Axis& axis) const;

  const std::vector<Axis>& axes_;
  std::int64_t prior_weight_;
  std::vector<Column> columns_;
  std::vector<std::int64_t> weights_;  ///< 0: no kernel
  std::vector<float> base_;            ///< log weight and norms; kDead where there is no kernel
  std::size_t size_ = 0;
  std::int64_t total_ = 0;            ///< of the weights
  std::size_t first_ = 0;             ///< no kernel below this slot
  std::vector<std::size_t> touched_;  ///< since settle()
};

}  // namespace coppice::tpe
