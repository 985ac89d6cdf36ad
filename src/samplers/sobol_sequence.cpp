#include "samplers/sobol_sequence.hpp"

#include <bit>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "samplers/sobol_directions.hpp"

namespace coppice {

namespace {

constexpr unsigned kBits = 32;

std::array<std::uint32_t, kBits> directions_of(std::size_t dimension) {
  std::array<std::uint32_t, kBits> v{};
  if (dimension == 0) {
    for (unsigned j = 0; j < kBits; ++j) v[j] = 1u << (kBits - 1 - j);
    return v;
  }
  const SobolDirection& direction = kSobolDirections.at(dimension - 1);
  const unsigned degree = static_cast<unsigned>(std::bit_width(direction.polynomial)) - 1;
  for (unsigned j = 0; j < degree; ++j) v[j] = std::uint32_t{direction.initial[j]} << (kBits - 1 - j);
  for (unsigned j = degree; j < kBits; ++j) {
    v[j] = v[j - degree] ^ (v[j - degree] >> degree);
    for (unsigned k = 1; k < degree; ++k) {
      if (((direction.polynomial >> (degree - k)) & 1u) != 0) v[j] ^= v[j - k];
    }
  }
  return v;
}

/// Row i of the matrix gives digit i of the result (digit 0 leads): a unit diagonal, random bits before it.
std::uint32_t scramble(std::uint32_t digits, const std::array<std::uint32_t, kBits>& rows) {
  std::uint32_t result = 0;
  for (unsigned i = 0; i < kBits; ++i) {
    const auto parity = static_cast<std::uint32_t>(std::popcount(digits & rows[i])) & 1u;
    result |= parity << (kBits - 1 - i);
  }
  return result;
}

}  // namespace

SobolSequence::SobolSequence(std::size_t dimensions) : columns_(dimensions) {
  check(dimensions <= kDimensions, "more dimensions than there are direction numbers for");
  for (std::size_t d = 0; d < dimensions; ++d) columns_[d].directions = directions_of(d);
}

SobolSequence::SobolSequence(std::size_t dimensions, std::uint64_t seed, std::uint64_t stream)
    : SobolSequence(dimensions) {
  offset_ = 0.5;
  for (std::size_t d = 0; d < dimensions; ++d) {
    Rng rng(seed, Purpose::kSample, stream, hash_name("sobol scramble") + static_cast<std::uint32_t>(d));
    std::array<std::uint32_t, kBits> rows{};
    for (unsigned i = 0; i < kBits; ++i) {
      const std::uint32_t diagonal = 1u << (kBits - 1 - i);
      rows[i] = diagonal | (rng() & ~(diagonal | (diagonal - 1)));
    }
    for (std::uint32_t& direction : columns_[d].directions) direction = scramble(direction, rows);
    columns_[d].shift = rng();
  }
}

void SobolSequence::point(std::uint64_t index, std::span<double> to) const {
  check(to.size() == columns_.size(), "a Sobol point of another dimension");
  const auto low = static_cast<std::uint32_t>(index % kPoints);
  const std::uint32_t gray = low ^ (low >> 1);
  for (std::size_t d = 0; d < columns_.size(); ++d) {
    std::uint32_t digits = columns_[d].shift;
    for (std::uint32_t rest = gray; rest != 0; rest &= rest - 1) {
      digits ^= columns_[d].directions[static_cast<unsigned>(std::countr_zero(rest))];
    }
    to[d] = (static_cast<double>(digits) + offset_) * 0x1p-32;
  }
}

}  // namespace coppice
