/// The inner loops of Parzen estimators, over blocks of kernels and over draws. Pure functions: safe from any
/// thread; the same bits on every processor.
#pragma once

#include <array>
#include <cstddef>

namespace coppice::tpe {

/// Lengths of blocks of kernels are multiples of this.
inline constexpr std::size_t kLanes = 16;

/// One axis: where kernels stand, and the point to be measured.
struct Term {
  const float* middles;
  float x;
};

/// One axis of choices: those of the kernels, the point's, and the logarithm of its density where they are
/// the same and where they aren't.
struct ChoiceTerm {
  const float* choices;
  float choice;
  float same;
  float other;
};

/// exponents_i -= the sum of (x - middles_i)^2 over the axes. Several axes at once spare most of the memory's
/// time.
void subtract_squares(float* exponents, const std::array<Term, 4>& terms, std::size_t count);
/// The same, one axis after the other: so one whose squares are all 0 changes no bit.
void subtract_squares(float* exponents, const std::array<Term, 3>& terms, std::size_t count);
/// exponents_i += same where choices_i == choice, else other, one axis after the other.
void add_choices(float* exponents, const std::array<ChoiceTerm, 4>& terms, std::size_t count);
/// The largest of the values; at least -1e30.
float largest(const float* values, std::size_t count);
/// sum_i e^(values_i - top). Precondition: top is the largest.
float sum_of_exponentials(const float* values, std::size_t count, float top);
/// Minus the logarithm of the integral over [0, 1] of e^-((u - middle_i) scale)^2.
void truncated_norms(float* norms, const float* middles, float scale, std::size_t count);
/// erf(middle_i scale) and erf((1 - middle_i) scale): of any length. The arrays don't overlap.
void erf_on_both_sides(float* left, float* right, const float* middles, double scale, std::size_t count);

}  // namespace coppice::tpe
