/// The points of a grid over a search space, counted and taken by number. Pure functions of immutable values:
/// safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coppice/search_space.hpp"

namespace coppice {

/// Every combination of the parameters' values once: a parameter that is off counts as one value. Floats
/// without a step get `points` values, both ends among them, evenly spread in the encoding; 1 is its middle.
class Grid {
 public:
  /// No grid may have more points: numbers and sums of them fit into 63 bits.
  static constexpr std::int64_t kMaxPoints = std::int64_t{1} << 62;
  /// Values of a parameter that others depend on.
  static constexpr std::int64_t kMaxBranches = 100000;

  /// Why there is no such grid, in a sentence with the fix; "" where there is one.
  static std::string problem(const SearchSpace& space, std::int64_t points);
  /// Precondition: `problem` says "".
  Grid(SearchSpace space, std::int64_t points);

  std::int64_t size() const { return size_; }
  /// Point `index` in lexicographic order. Precondition: 0 <= index < size().
  Values at(std::int64_t index) const;

 private:
  /// The point's part below parameter i: it, and all that depends on it.
  void place(std::size_t i, std::int64_t index, Values& values) const;
  std::int64_t count(std::size_t i) const;
  std::int64_t count_below(std::size_t i, std::int64_t value) const;
  std::int64_t values_of(std::size_t i) const;
  Value value_of(std::size_t i, std::int64_t value) const;

  SearchSpace space_;
  std::int64_t points_;
  std::vector<std::size_t> roots_;                  ///< parameters without a condition
  std::vector<std::vector<std::size_t>> children_;  ///< by parameter: those that depend on it
  std::vector<std::int64_t> counts_;  ///< by parameter: of combinations of it and what depends on it
  std::int64_t size_ = 1;
};

/// A permutation of {0, …, size - 1} that is named by the key: where index goes. A Feistel network of six
/// rounds over the next power of four, walked until it falls inside (Black and Rogaway, "Ciphers with
/// arbitrary finite domains", CT-RSA 2002). Preconditions: 0 <= index < size <= 2^62.
std::int64_t permute(std::int64_t index, std::int64_t size, std::uint64_t key);

}  // namespace coppice
