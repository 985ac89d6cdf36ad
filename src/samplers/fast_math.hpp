/// exp, log and erf in single precision for inner loops that the compiler is to vectorise: no branches, no
/// calls. Pure functions: safe from any thread.
#pragma once

#include <bit>
#include <cstdint>

namespace coppice::fast {

/// e^x for x <= 0, relative error below 3e-7; below -87, where single precision ends, it stays e^-87.
inline float exp(float x) {
  constexpr float kLog2E = 1.44269504F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it drops the fraction bits
  x = x < -87.0F ? -87.0F : x;
  const float scaled = x * kLog2E;
  const float whole = (scaled + kRound) - kRound;
  const float f = scaled - whole;  // in [-1/2, 1/2]; 2^f by its Taylor series
  float power = 1.54035304e-4F;
  power = power * f + 1.33335581e-3F;
  power = power * f + 9.61812911e-3F;
  power = power * f + 5.55041087e-2F;
  power = power * f + 2.40226507e-1F;
  power = power * f + 6.93147181e-1F;
  power = power * f + 1.0F;
  return power * std::bit_cast<float>((static_cast<std::int32_t>(whole) + 127) << 23);
}

/// The natural logarithm of a normal x > 0, absolute error below 3e-7 plus rounding.
inline float log(float x) {
  constexpr float kLn2 = 0.693147181F;
  constexpr std::int32_t kSqrtHalf = 0x3f3504f3;  // the bits of sqrt(1/2)
  const auto bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (bits - kSqrtHalf) >> 23;
  const float m = std::bit_cast<float>(bits - (exponent << 23));  // in [sqrt(1/2), sqrt(2))
  const float s = (m - 1.0F) / (m + 1.0F);
  const float s2 = s * s;
  float series = 1.0F / 9;
  series = series * s2 + 1.0F / 7;
  series = series * s2 + 1.0F / 5;
  series = series * s2 + 1.0F / 3;
  series = series * s2 + 1.0F;
  return 2 * s * series + static_cast<float>(exponent) * kLn2;
}

/// erf(x) for x >= 0, absolute error below 1e-6. Abramowitz and Stegun, Handbook of Mathematical Functions,
/// 7.1.26.
inline float erf(float x) {
  const float t = 1.0F / (1.0F + 0.3275911F * x);
  float sum = 1.061405429F;
  sum = sum * t - 1.453152027F;
  sum = sum * t + 1.421413741F;
  sum = sum * t - 0.284496736F;
  sum = sum * t + 0.254829592F;
  return 1.0F - sum * t * exp(-x * x);
}

}  // namespace coppice::fast
