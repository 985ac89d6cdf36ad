#include "samplers/grid.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/check.hpp"
#include "core/fresh_numbers.hpp"
#include "samplers/catalog.hpp"

namespace coppice {

namespace {

/// a * b, or kMaxPoints + 1 where that is less.
std::int64_t times(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kTooMany = Grid::kMaxPoints + 1;
  if (a == 0 || b == 0) return 0;
  return a > kTooMany / b ? kTooMany : std::min(a * b, kTooMany);
}

std::int64_t plus(std::int64_t a, std::int64_t b) {
  return std::min(a + b, Grid::kMaxPoints + 1);  // each is at most that: the sum fits
}

/// Half a block of the network, from the other half (the finalizer of SplitMix64).
std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

std::int64_t permute(std::int64_t index, std::int64_t size, std::uint64_t key) {
  check(index >= 0 && index < size && size <= Grid::kMaxPoints, "an index of the permutation");
  const auto bits = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(size - 1)));
  const unsigned half = std::max(1u, (bits + 1) / 2);
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  auto x = static_cast<std::uint64_t>(index);
  do {
    std::uint64_t left = x >> half;
    std::uint64_t right = x & mask;
    for (std::uint64_t round = 1; round <= 6; ++round) {
      const std::uint64_t mixed = scramble(right ^ scramble(key + round * 0x9E3779B97F4A7C15u)) & mask;
      left = std::exchange(right, left ^ mixed);
    }
    x = left << half | right;
  } while (x >= static_cast<std::uint64_t>(size));
  return static_cast<std::int64_t>(x);
}

std::string Grid::problem(const SearchSpace& space, std::int64_t points) {
  for (const Parameter& parameter : space.parameters()) {
    for (const Parameter& other : space.parameters()) {
      if (other.when && other.when->parent == parameter.name && parameter.cardinality() > kMaxBranches) {
        return "space." + parameter.name + ": " + other.name +
               " depends on it, and it has too many values for a grid; give it a larger step";
      }
    }
  }
  if (Grid(space, points).size() > kMaxPoints) {
    return "space: the grid has more than 2^62 points; give larger steps, or use sampler random";
  }
  return "";
}

Grid::Grid(SearchSpace space, std::int64_t points) : space_(std::move(space)), points_(points) {
  children_.resize(space_.size());
  for (std::size_t i = 0; i < space_.size(); ++i) {
    const auto& when = space_.parameters()[i].when;
    (when ? children_[space_.index_of(when->parent)] : roots_).push_back(i);
  }
  counts_.resize(space_.size());
  for (std::size_t i = space_.size(); i-- > 0;) counts_[i] = count(i);  // those that depend on it come later
  for (const std::size_t root : roots_) size_ = times(size_, counts_[root]);
}

std::int64_t Grid::values_of(std::size_t i) const {
  const std::int64_t count = space_.parameters()[i].cardinality();
  return count > 0 ? count : points_;
}

Value Grid::value_of(std::size_t i, std::int64_t value) const {
  const Parameter& parameter = space_.parameters()[i];
  if (parameter.type == ParameterType::kCategorical)
    return parameter.choices[static_cast<std::size_t>(value)];
  const auto steps = static_cast<double>(value);
  if (parameter.cardinality() == 0) {
    return parameter.decode(points_ > 1 ? steps / static_cast<double>(points_ - 1) : 0.5);
  }
  if (parameter.type == ParameterType::kInt) {
    return static_cast<std::int64_t>(parameter.low) +
           value * static_cast<std::int64_t>(parameter.step.value_or(1));
  }
  return std::min(parameter.low + steps * *parameter.step, parameter.high);
}

/// Combinations of what depends on parameter i where that has its value-th value.
std::int64_t Grid::count_below(std::size_t i, std::int64_t value) const {
  std::int64_t product = 1;
  if (children_[i].empty()) return product;
  Values values(space_.size());
  for (std::size_t at = i;;) {
    // What it depends on itself is on: any value of the condition's will do.
    const auto& when = space_.parameters()[at].when;
    if (!when) break;
    at = space_.index_of(when->parent);
    values[at] = when->values.front();
  }
  values[i] = value_of(i, value);
  for (const std::size_t child : children_[i]) {
    if (space_.active(child, values)) product = times(product, counts_[child]);
  }
  return product;
}

std::int64_t Grid::count(std::size_t i) const {
  if (children_[i].empty()) return values_of(i);
  std::int64_t sum = 0;
  for (std::int64_t value = 0; value < values_of(i); ++value) sum = plus(sum, count_below(i, value));
  return sum;
}

void Grid::place(std::size_t i, std::int64_t index, Values& values) const {
  std::int64_t value = index;
  if (!children_[i].empty()) {
    value = 0;
    for (std::int64_t below = count_below(i, value); index >= below; below = count_below(i, value)) {
      index -= below;
      ++value;
    }
  }
  values[i] = value_of(i, value);
  for (const std::size_t child : children_[i]) {
    if (!space_.active(child, values)) continue;
    place(child, index % counts_[child], values);
    index /= counts_[child];
  }
}

Values Grid::at(std::int64_t index) const {
  check(index >= 0 && index < size_, "a point of the grid");
  Values values(space_.size());
  for (std::size_t r = roots_.size(); r-- > 0;) {  // the last one changes fastest
    place(roots_[r], index % counts_[roots_[r]], values);
    index /= counts_[roots_[r]];
  }
  return values;
}

namespace {

std::int64_t points_of(const Options& options) {
  return options.integer("points", 5);
}

/// grid: every point once, in an order that spreads: a study that is stopped has looked everywhere. What a
/// trial gets depends on its number, not counting reruns, and the seed alone; those after the last point get
/// nothing.
class GridSampler final : public Sampler {
 public:
  GridSampler(Grid grid, std::uint64_t seed) : grid_(std::move(grid)), seed_(seed) {}

  Proposal ask(const SampleRequest& request) const override {
    const std::string size = std::to_string(grid_.size());
    const std::int64_t number = numbers_.of(request.trial);
    if (number >= grid_.size()) {
      return {.params = {}, .note = size + " of " + size + " points were proposed", .exhausted = true};
    }
    const std::int64_t point = permute(number, grid_.size(), seed_);
    return {grid_.at(point), "grid: point " + std::to_string(point + 1) + " of " + size};
  }

  void tell(const Trial& trial) override { numbers_.tell(trial); }

 private:
  Grid grid_;
  std::uint64_t seed_;
  FreshNumbers numbers_;
};

std::string check_grid(const Options& options, const SearchSpace& space) {
  return Grid::problem(space, points_of(options));
}

std::unique_ptr<Sampler> make_grid(const Options& options, SearchSpace space, std::uint64_t seed) {
  return std::make_unique<GridSampler>(Grid(std::move(space), points_of(options)), seed);
}

}  // namespace

SamplerInfo grid_entry() {
  return {"grid",
          "every combination of values once, in a shuffled order",
          {{.name = "points",
            .type = OptionType::kInt,
            .help = "how many values a float without a step gets: 5",
            .low = 1,
            .high = 1e9}},
          check_grid,
          make_grid};
}

}  // namespace coppice
