#include "samplers/tpe/axis.hpp"

#include <algorithm>
#include <cmath>

namespace coppice::tpe {

namespace {
/// A finer grid passes for continuous.
constexpr double kMaxCells = 32;
}  // namespace

Axis::Axis(const Parameter& parameter) : points_(static_cast<double>(parameter.cardinality())) {
  if (parameter.type == ParameterType::kCategorical && !parameter.ordered) {
    choices_ = static_cast<int>(points_);
    return;
  }
  if (parameter.prior && points_ > 0) {
    uneven_ = parameter;
    for (std::int64_t i = 0; i < parameter.cardinality() && points_ <= kMaxCells; ++i) {
      const double low = parameter.cell_edge(i);
      const double high = parameter.cell_edge(i + 1);
      cells_.push_back({(low + high) / 2, high - low});
    }
    return;
  }
  log_ = parameter.log && points_ > 0;
  step_ = parameter.step.value_or(1);
  if (log_) {
    from_ = parameter.low - step_ / 2;
    log_from_ = std::log(from_);
    log_range_ = std::log(from_ + points_ * step_) - log_from_;
  }
  if (points_ > kMaxCells) return;
  for (double i = 0; i < points_; ++i) {
    const double low = log_ ? to_u(from_ + i * step_) : i / points_;
    const double high = log_ ? to_u(from_ + (i + 1) * step_) : (i + 1) / points_;
    cells_.push_back({(low + high) / 2, high - low});
  }
}

double Axis::to_u(double edge) const {
  return (std::log(edge) - log_from_) / log_range_;
}

int Axis::choice_of(double u) const {
  return std::clamp(static_cast<int>(u * choices_), 0, choices_ - 1);
}

std::size_t Axis::cell_of(double u) const {
  double high = cells_[0].width;
  std::size_t cell = 0;
  while (u > high && cell + 1 < cells_.size()) high += cells_[++cell].width;
  return cell;
}

double Axis::snap(double u) const {
  if (points_ == 0) return u;
  if (uneven_) return uneven_->encode(uneven_->decode(u));
  if (!log_) return (std::min(std::floor(u * points_), points_ - 1) + 0.5) / points_;
  const double position = (std::exp(log_from_ + u * log_range_) - from_) / step_;
  const double low = from_ + std::clamp(std::floor(position), 0.0, points_ - 1) * step_;
  return (to_u(low) + to_u(low + step_)) / 2;
}

double Axis::cell_variance(double u) const {
  if (points_ == 0) return 0;
  double width = 1 / points_;
  if (uneven_) {
    const std::int64_t cell = uneven_->cell_of(u);
    width = uneven_->cell_edge(cell + 1) - uneven_->cell_edge(cell);
  } else if (log_) {
    // The middle is the logarithm of the geometric mean of the cell's edges, value - step/2 and value +
    // step/2.
    const double value = std::hypot(std::exp(log_from_ + u * log_range_), step_ / 2);
    width = std::log((value + step_ / 2) / (value - step_ / 2)) / log_range_;
  }
  return width * width / 12;
}

}  // namespace coppice::tpe
