#include "samplers/tpe/vector_loops.hpp"

#include <array>
#include <bit>
#include <cstdint>

#include "samplers/fast_math.hpp"

// The build is for any x86-64; these loops are compiled a second time for processors with AVX2, and the
// dynamic linker chooses. Contraction into fused operations is off for this file: see CMakeLists.txt.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define COPPICE_FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define COPPICE_FOR_EACH_PROCESSOR
#endif

namespace coppice::tpe {

COPPICE_FOR_EACH_PROCESSOR
void subtract_squares(float* __restrict exponents, const std::array<Term, 4>& terms, std::size_t count) {
  const auto [a, b, c, d] = terms;
  for (std::size_t i = 0; i < count; ++i) {
    const float p = a.x - a.middles[i];
    const float q = b.x - b.middles[i];
    const float r = c.x - c.middles[i];
    const float s = d.x - d.middles[i];
    exponents[i] -= (p * p + q * q) + (r * r + s * s);
  }
}

COPPICE_FOR_EACH_PROCESSOR
void subtract_squares(float* __restrict exponents, const std::array<Term, 3>& terms, std::size_t count) {
  const auto [a, b, c] = terms;
  for (std::size_t i = 0; i < count; ++i) {
    const float p = a.x - a.middles[i];
    const float q = b.x - b.middles[i];
    const float r = c.x - c.middles[i];
    exponents[i] = ((exponents[i] - p * p) - q * q) - r * r;
  }
}

COPPICE_FOR_EACH_PROCESSOR
void add_choices(float* __restrict exponents, const std::array<ChoiceTerm, 4>& terms, std::size_t count) {
  const auto [a, b, c, d] = terms;
  for (std::size_t i = 0; i < count; ++i) {
    const float p = a.choices[i] == a.choice ? a.same : a.other;
    const float q = b.choices[i] == b.choice ? b.same : b.other;
    const float r = c.choices[i] == c.choice ? c.same : c.other;
    const float s = d.choices[i] == d.choice ? d.same : d.other;
    exponents[i] = (((exponents[i] + p) + q) + r) + s;
  }
}

/// As whole numbers in the same order, of which the compiler can take the largest in any order.
COPPICE_FOR_EACH_PROCESSOR
float largest(const float* values, std::size_t count) {
  const auto turn = [](std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); };
  std::int32_t top = turn(std::bit_cast<std::int32_t>(-1e30F));
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t value = turn(std::bit_cast<std::int32_t>(values[i]));
    top = value > top ? value : top;
  }
  return std::bit_cast<float>(turn(top));
}

COPPICE_FOR_EACH_PROCESSOR
float sum_of_exponentials(const float* values, std::size_t count, float top) {
  std::array<float, kLanes> lanes{};
  for (std::size_t i = 0; i < count; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += fast::exp(values[i + j] - top);
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

COPPICE_FOR_EACH_PROCESSOR
void truncated_norms(float* norms, const float* middles, float scale, std::size_t count) {
  constexpr float kHalfSqrtPi = 0.886226925F;
  const float unit = kHalfSqrtPi / scale;
  for (std::size_t i = 0; i < count; ++i) {
    const float right = fast::erf((1.0F - middles[i]) * scale);
    const float left = fast::erf(middles[i] * scale);
    norms[i] = -fast::log(unit * (left + right));
  }
}

COPPICE_FOR_EACH_PROCESSOR
void erf_on_both_sides(float* __restrict left, float* __restrict right, const float* __restrict middles,
                       double scale, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto middle = static_cast<double>(middles[i]);
    left[i] = fast::erf(static_cast<float>(middle * scale));
    right[i] = fast::erf(static_cast<float>((1 - middle) * scale));
  }
}

}  // namespace coppice::tpe
