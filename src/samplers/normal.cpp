#include "samplers/normal.hpp"

#include <algorithm>
#include <numbers>

#include "samplers/fast_math.hpp"

namespace coppice {

double truncated_normal(double middle, double deviation, double u) {
  const double scale = 1 / (deviation * std::numbers::sqrt2);
  const double left = fast::erf(static_cast<float>(middle * scale));
  const double right = fast::erf(static_cast<float>((1 - middle) * scale));
  const double p = (1 - left + u * (left + right)) / 2;
  if (!(p > 0)) return 0;
  if (!(p < 1)) return 1;
  return std::clamp(middle + deviation * normal_quantile(p), 0.0, 1.0);
}

}  // namespace coppice
