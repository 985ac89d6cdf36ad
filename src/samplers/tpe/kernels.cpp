#include "samplers/tpe/kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "core/check.hpp"
#include "samplers/fast_math.hpp"
#include "samplers/tpe/truncated_normal.hpp"
#include "samplers/tpe/vector_loops.hpp"

namespace coppice::tpe {

namespace {

constexpr float kDead = -1e30F;
/// Slots at a time, so that what all candidates look at stays in a near cache.
constexpr std::size_t kBlock = 256;
/// Coordinates have 23 bits after the point in moments, squares and variances 46.
constexpr double kOne = 0x1p23;
constexpr double kOneSquared = 0x1p46;
constexpr double kUniformVariance = 1.0 / 12;

std::int64_t fixed(double value, double one) {
  return std::llround(value * one);
}

/// The nearest of a geometric grid with ratio 2^(1/16): most new observations leave a bandwidth as it is, and
/// then nothing needs to be fitted again.
double on_grid(double deviation) {
  return std::exp2(std::round(std::log2(deviation) * 16) / 16);
}

/// log sum_i e^(x_i), a part at a time.
class LogSum {
 public:
  /// Adds sum * e^x.
  void add(double x, double sum) {
    if (x > top_) {
      sum_ *= std::exp(top_ - x);
      top_ = x;
    }
    sum_ += sum * std::exp(x - top_);
  }
  double value() const { return top_ + std::log(sum_); }

 private:
  double top_ = kDead;
  double sum_ = 0;
};

}  // namespace

/// What a kernel gives to its own choice and to each other one: it has counted its own once, and each one
/// prior / total times.
struct Kernels::ChoiceMass {
  double extra;  ///< how much more its own has
  double other;
};

Kernels::ChoiceMass Kernels::choice_mass(const Axis& axis) const {
  const double smoothing = static_cast<double>(prior_weight_) / static_cast<double>(total_ + prior_weight_);
  const double total = 1 + axis.choices() * smoothing;
  return {1 / total, smoothing / total};
}

Kernels::Kernels(const std::vector<Axis>& axes, std::int64_t prior_weight)
    : axes_(axes), prior_weight_(prior_weight), columns_(axes.size()) {}

void Kernels::clear() {
  columns_.assign(axes_.size(), {});
  weights_.clear();
  base_.clear();
  touched_.clear();
  size_ = 0;
  total_ = 0;
  first_ = 0;
}

void Kernels::reserve(std::size_t slots) {
  if (slots <= weights_.size()) return;
  weights_.resize(slots, 0);
  const std::size_t padded = (slots + kLanes - 1) / kLanes * kLanes;
  base_.resize(padded, kDead);
  for (Column& column : columns_) {
    for (std::vector<float>* values : {&column.middle, &column.scaled, &column.norm})
      values->resize(padded, 0);
  }
}

/// Counts a kernel in (weight > 0) or out of the moments.
void Kernels::count(std::size_t slot, std::span<const double> point, std::int64_t weight) {
  check(point.size() == axes_.size(), "a number for each axis");
  total_ += weight;
  check(total_ <= kMaxWeight, "moments fit into 63 bits");
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    if (axes_[a].choices() > 0) continue;
    const std::int64_t x = fixed(point[a], kOne);
    columns_[a].sum += weight * x;
    columns_[a].squares += weight * x * x;
    columns_[a].cell_variances += weight * fixed(axes_[a].cell_variance(point[a]), kOneSquared);
  }
  touched_.push_back(slot);
}

void Kernels::insert(std::size_t slot, std::span<const double> point, std::int64_t weight) {
  check(!holds(slot) && weight > 0, "a free slot and a weight");
  reserve(slot + 1);
  first_ = size_ == 0 ? slot : std::min(first_, slot);
  ++size_;
  weights_[slot] = weight;
  count(slot, point, weight);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    Column& column = columns_[a];
    const bool choice = axes_[a].choices() > 0;
    column.middle[slot] = static_cast<float>(choice ? axes_[a].choice_of(point[a]) : point[a]);
    if (choice) column.scaled[slot] = column.middle[slot];
  }
}

void Kernels::erase(std::size_t slot, std::span<const double> point) {
  check(holds(slot), "a slot with a kernel");
  count(slot, point, -weights_[slot]);
  weights_[slot] = 0;
  --size_;
  while (size_ > 0 && weights_[first_] == 0) ++first_;
}

void Kernels::settle() {
  bool all = false;
  for (std::size_t a = 0; size_ > 0 && a < axes_.size(); ++a) {
    if (axes_[a].choices() > 0) {
      const ChoiceMass mass = choice_mass(axes_[a]);
      columns_[a].log_same = static_cast<float>(std::log(mass.extra + mass.other));
      columns_[a].log_other = static_cast<float>(std::log(mass.other));
      continue;
    }
    if (set_scale(columns_[a])) {
      fit_cells(axes_[a], columns_[a]);
      fit_column(axes_[a], columns_[a], first_ / kLanes * kLanes, base_.size());
      all = true;
    } else {
      for (const std::size_t slot : touched_) fit_column(axes_[a], columns_[a], slot, slot + 1);
    }
  }
  if (all) fit_base(first_, weights_.size());
  for (const std::size_t slot : touched_) fit_base(slot, slot + 1);
  touched_.clear();
}

/// Scott's rule for one dimension, with the prior as one more observation: deviation * size^(-1/5).
bool Kernels::set_scale(Column& column) const {
  const auto total = static_cast<double>(total_);
  const auto prior = static_cast<double>(prior_weight_);
  const double mean = static_cast<double>(column.sum) / kOne / total;
  const double variance =
      std::max(static_cast<double>(column.squares) / kOneSquared / total - mean * mean, 0.0);
  const double shrunk = std::sqrt((total * variance + prior * kUniformVariance) / (total + prior));
  column.bandwidth = on_grid(shrunk * std::pow(static_cast<double>(size_), -0.2));
  const double cell_variance = static_cast<double>(column.cell_variances) / kOneSquared / total;
  const double deviation = on_grid(std::sqrt(column.bandwidth * column.bandwidth + cell_variance));
  const auto scale = static_cast<float>(1 / (deviation * std::numbers::sqrt2));
  const bool changed = scale != column.scale;
  column.scale = scale;
  return changed;
}

void Kernels::fit_cells(const Axis& axis, Column& column) {
  column.cell_norms.clear();
  for (const Axis::Cell& own : axis.cells()) {
    float sum = 0;
    for (const Axis::Cell& cell : axis.cells()) {
      const float z = static_cast<float>(cell.middle - own.middle) * column.scale;
      sum += static_cast<float>(cell.width) * fast::exp(-z * z);
    }
    column.cell_norms.push_back(-fast::log(sum));
  }
}

void Kernels::fit_column(const Axis& axis, Column& column, std::size_t first, std::size_t last) {
  const float* const middle = column.middle.data();
  for (std::size_t i = first; i < last; ++i) column.scaled[i] = middle[i] * column.scale;
  if (axis.cells().empty()) {
    truncated_norms(column.norm.data() + first, middle + first, column.scale, last - first);
  } else {
    for (std::size_t i = first; i < last; ++i) {
      column.norm[i] = column.cell_norms[axis.cell_of(static_cast<double>(middle[i]))];
    }
  }
}

void Kernels::fit_base(std::size_t first, std::size_t last) {
  std::fill(base_.begin() + static_cast<std::ptrdiff_t>(first),
            base_.begin() + static_cast<std::ptrdiff_t>(last), 0.0F);
  for (const Column& column : columns_) {
    for (std::size_t slot = first; slot < last; ++slot) base_[slot] += column.norm[slot];
  }
  for (std::size_t slot = first; slot < last; ++slot) {
    if (weights_[slot] == 0) base_[slot] = kDead;
    if (weights_[slot] > 1) base_[slot] += std::log(static_cast<float>(weights_[slot]));
  }
}

/// The points in units of the columns: a row for each.
std::vector<float> Kernels::in_units(const Points& points) const {
  std::vector<float> scaled;
  scaled.reserve(points.values.size());
  for (std::size_t p = 0; p < points.count(); ++p) {
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      const double x = points.values[p * axes_.size() + a];
      scaled.push_back(axes_[a].choices() > 0 ? static_cast<float>(axes_[a].choice_of(x))
                                              : static_cast<float>(x) * columns_[a].scale);
    }
  }
  return scaled;
}

/// Adds to the exponents of slots [first, first + count) what depends on the point, which has a number for
/// each axis, in units of the column. The order of sums is that of the axes, with what is collected added
/// when full.
void Kernels::add_block(const float* point, std::size_t first, std::size_t count, float* exponents) const {
  static constexpr std::array<float, kBlock> kZeros{};
  constexpr ChoiceTerm kNoChoice{kZeros.data(), 0, 0, 0};
  constexpr Term kNoTerm{kZeros.data(), 0};
  std::array<Term, 4> terms;
  std::array<ChoiceTerm, 4> choices;
  std::size_t collected = 0;
  std::size_t chosen = 0;
  const auto flush_choices = [&] {
    if (chosen == 0) return;
    std::fill(choices.begin() + static_cast<std::ptrdiff_t>(chosen), choices.end(), kNoChoice);
    add_choices(exponents, choices, count);
    chosen = 0;
  };
  for (std::size_t a = 0; a < columns_.size(); ++a) {
    const Column& column = columns_[a];
    const float* const scaled = column.scaled.data() + first;
    if (axes_[a].choices() > 0) {
      choices[chosen++] = {scaled, point[a], column.log_same, column.log_other};
      if (chosen == choices.size()) flush_choices();
      continue;
    }
    terms[collected++] = {scaled, point[a]};
    if (collected < terms.size()) continue;
    flush_choices();
    subtract_squares(exponents, terms, count);
    collected = 0;
  }
  flush_choices();
  if (collected == 0) return;
  std::fill(terms.begin() + static_cast<std::ptrdiff_t>(collected), terms.end(), kNoTerm);
  subtract_squares(exponents, std::array{terms[0], terms[1], terms[2]}, count);
}

void Kernels::log_density(const Points& points, std::span<double> out) const {
  const std::size_t count = points.count();
  const std::vector<float> scaled = in_units(points);
  std::vector<LogSum> sums(count);
  std::array<float, kBlock> exponents;
  for (std::size_t first = first_ / kBlock * kBlock; size_ > 0 && first < base_.size(); first += kBlock) {
    const std::size_t width = std::min(kBlock, base_.size() - first);
    for (std::size_t p = 0; p < count; ++p) {
      std::copy_n(base_.data() + first, width, exponents.data());
      add_block(scaled.data() + p * axes_.size(), first, width, exponents.data());
      const float top = largest(exponents.data(), width);
      if (top <= kDead / 2) continue;
      sums[p].add(top, static_cast<double>(sum_of_exponentials(exponents.data(), width, top)));
    }
  }
  double prior = 0;
  for (const Axis& axis : axes_) {
    if (axis.choices() > 0) prior -= std::log(axis.choices());
  }
  for (std::size_t p = 0; p < count; ++p) {
    sums[p].add(prior, static_cast<double>(prior_weight_));
    out[p] = sums[p].value() - std::log(static_cast<double>(total_ + prior_weight_));
  }
}

/// A kernel's slot, or that of the prior, in proportion to the weights, and where in its distribution to
/// look.
struct Kernels::Ticket {
  static constexpr std::size_t kPrior = std::numeric_limits<std::size_t>::max();
  std::size_t slot;
  double u;

  bool from_prior() const { return slot == kPrior; }
};

std::vector<Kernels::Ticket> Kernels::draw_tickets(Rng& rng, std::size_t count) const {
  std::vector<std::int64_t> ends(weights_.size());
  std::partial_sum(weights_.begin(), weights_.end(), ends.begin());
  std::vector<Ticket> tickets(count);
  for (Ticket& ticket : tickets) {
    const auto mass =
        static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(total_ + prior_weight_)));
    const auto home = std::upper_bound(ends.begin(), ends.end(), mass);
    ticket.slot = home == ends.end() ? Ticket::kPrior : static_cast<std::size_t>(home - ends.begin());
    ticket.u = rng.uniform();
  }
  return tickets;
}

Points Kernels::sample(Rng& rng, std::size_t count, double spread) const {
  const std::vector<Ticket> tickets = draw_tickets(rng, count * axes_.size());
  Points points{axes_.size(), std::vector<double>(tickets.size())};
  std::vector<float> middles(count);
  std::vector<double> draws(count);
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    const Axis& axis = axes_[a];
    const Column& column = columns_[a];
    if (axis.choices() > 0) {
      // The first part of [0, 1) is what the kernel's own choice has more than the others.
      const double own = choice_mass(axis).extra;
      for (std::size_t p = 0; p < count; ++p) {
        const std::size_t i = p * axes_.size() + a;
        const Ticket& ticket = tickets[i];
        const double extra = ticket.from_prior() ? 0 : own;
        const double choice = ticket.u < extra ? static_cast<double>(column.middle[ticket.slot])
                                               : axis.choice_of((ticket.u - extra) / (1 - extra));
        points.values[i] = (choice + 0.5) / axis.choices();
      }
      continue;
    }
    for (std::size_t p = 0; p < count; ++p) {
      const Ticket& ticket = tickets[p * axes_.size() + a];
      middles[p] = ticket.from_prior() ? 0.5F : column.middle[ticket.slot];  // the prior's draw is not used
      draws[p] = ticket.u;
    }
    truncated_normals(draws, middles, spread * column.bandwidth);
    for (std::size_t p = 0; p < count; ++p) {
      const std::size_t i = p * axes_.size() + a;
      points.values[i] = axis.snap(tickets[i].from_prior() ? tickets[i].u : draws[p]);
    }
  }
  return points;
}

}  // namespace coppice::tpe
