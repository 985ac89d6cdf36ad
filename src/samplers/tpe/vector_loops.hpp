/// The inner loops of Parzen estimators, over blocks of kernels. Pure functions: safe from any thread; the
/// same bits on every processor.
#pragma once

#include <array>
#include <cstddef>

namespace coppice::tpe {

/// Lengths of blocks are multiples of this.
inline constexpr std::size_t kLanes = 16;

/// One axis: where kernels stand, and the point to be measured.
struct Term {
  const float* middles;
  float x;
};

/// exponents_i -= (x - middles_i)^2.
void subtract_squares(float* exponents, const Term& term, std::size_t count);
/// The same of four axes at once, which spares most of the memory's time.
void subtract_squares(float* exponents, const std::array<Term, 4>& terms, std::size_t count);
/// exponents_i += same where choices_i == choice, else other.
void add_choices(float* exponents, const float* choices, float choice, float same, float other,
                 std::size_t count);
/// The largest of the values; at least -1e30.
float largest(const float* values, std::size_t count);
/// sum_i e^(values_i - top). Precondition: top is the largest.
float sum_of_exponentials(const float* values, std::size_t count, float top);
/// Minus the logarithm of the integral over [0, 1] of e^-((u - middle_i) scale)^2.
void truncated_norms(float* norms, const float* middles, float scale, std::size_t count);

}  // namespace coppice::tpe
