/// Elementary functions out of +, -, *, / alone, so that every IEEE 754 machine computes the same bits. (The
/// C library chooses its code by processor: exp with and without fused multiply-add may differ in the last
/// bit, and a study that is replayed elsewhere would decide differently.) Accurate to a few units in the last
/// place. Pure.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace coppice {

/// e^x; 0 below -708 and infinity above 709.
inline double portable_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709) return std::numeric_limits<double>::infinity();
  if (x < -708) return 0;
  constexpr double kInverseLn2 = 1.4426950408889634;
  constexpr double kLn2High = 6.93147180369123816490e-01;  // the low 32 bits are zero: k * high is exact
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  const double k = std::floor(x * kInverseLn2 + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= ln(2) / 2
  double sum = 1;
  for (int n = 13; n >= 1; --n) sum = 1 + sum * r / n;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(static_cast<std::int64_t>(k) + 1023) << 52);
}

/// The natural logarithm of a normal positive number; NaN of NaN.
inline double portable_log(double x) {
  if (std::isnan(x)) return x;
  constexpr double kLn2 = 0.6931471805599453;
  constexpr double kSqrt2 = 1.4142135623730951;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);  // in [1, 2)
  if (mantissa > kSqrt2) {
    mantissa /= 2;
    ++exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);  // ln(m) = 2 artanh(s), |s| < 0.172
  double sum = 0;
  for (int n = 21; n >= 1; n -= 2) sum = sum * s * s + 1.0 / n;
  return 2 * s * sum + exponent * kLn2;
}

inline double portable_tanh(double x) {
  return 1 - 2 / (portable_exp(2 * x) + 1);
}

/// cos(x) for |x| <= pi / 2, by its Taylor series.
inline double portable_cos(double x) {
  double sum = 1;
  for (int n = 24; n >= 2; n -= 2) sum = 1 - sum * x * x / (n * (n - 1));
  return sum;
}

}  // namespace coppice
