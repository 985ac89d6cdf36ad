/// Sobol's low-discrepancy sequence by random access: point `index` needs no point before it, so workers
/// share nothing but the seed. I. M. Sobol, USSR Comput. Math. Math. Phys. 7 (1967); direction numbers: see
/// sobol_directions.hpp; order of the points: I. A. Antonov and V. M. Saleev (1979), by the index's Gray
/// code.
///
/// Immutable after construction; safe from any thread. Integer arithmetic alone: the same on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coppice {

class SobolSequence {
 public:
  /// Dimensions that there are direction numbers for.
  static constexpr std::size_t kDimensions = 256;
  /// Points that differ: the sequence begins again after them.
  static constexpr std::uint64_t kPoints = std::uint64_t{1} << 32;

  /// As published: the first point is the origin.
  explicit SobolSequence(std::size_t dimensions);
  /// Scrambled by random lower triangular matrices and a digital shift (J. Matousek, "On the L2-discrepancy
  /// for anchored boxes", J. Complexity 14 (1998)), which keeps every net that the sequence has, as A. B.
  /// Owen's full scrambling does. No coordinate is 0 or 1. `stream` separates sequences of one seed.
  SobolSequence(std::size_t dimensions, std::uint64_t seed, std::uint64_t stream);

  /// Coordinates of point `index`, in [0, 1). Precondition: one place for each dimension.
  void point(std::uint64_t index, std::span<double> to) const;
  std::size_t dimensions() const { return columns_.size(); }

 private:
  struct Dimension {
    std::array<std::uint32_t, 32> directions{};
    std::uint32_t shift = 0;
  };
  std::vector<Dimension> columns_;
  double offset_ = 0;  ///< in units of 2^-32
};

}  // namespace coppice
