#include "schedulers/pbt/welch.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace coppice {

namespace {

struct Moments {
  double mean = 0;
  double of_mean = 0;  ///< variance of the mean
};

Moments moments(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, squares / (count - 1) / count};
}

}  // namespace

/// With t = sqrt(v) tan(u) the density becomes cos(u)^(v - 1), which Simpson's rule integrates well.
double student_tails(double t, double freedom) {
  constexpr int kIntervals = 400;
  const double end = std::atan(std::abs(t) / std::sqrt(freedom));
  const double width = end / kIntervals;
  double sum = 1 + std::pow(std::cos(end), freedom - 1);
  for (int i = 1; i < kIntervals; ++i) {
    sum += (i % 2 == 1 ? 4 : 2) * std::pow(std::cos(i * width), freedom - 1);
  }
  const double scale = std::exp(std::lgamma((freedom + 1) / 2) - std::lgamma(freedom / 2));
  return std::clamp(1 - 2 * scale / std::sqrt(std::numbers::pi) * sum * width / 3, 0.0, 1.0);
}

double welch_p(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2 || b.size() < 2) return 1;
  const Moments left = moments(a);
  const Moments right = moments(b);
  const double variance = left.of_mean + right.of_mean;
  if (left.mean == right.mean) return 1;
  if (!(variance > 0)) return 0;
  const double freedom = variance * variance /
                         (left.of_mean * left.of_mean / static_cast<double>(a.size() - 1) +
                          right.of_mean * right.of_mean / static_cast<double>(b.size() - 1));
  return student_tails((left.mean - right.mean) / std::sqrt(variance), std::max(freedom, 1.0));
}

}  // namespace coppice
