#include "samplers/tpe/truncated_normal.hpp"

#include <algorithm>
#include <cstddef>
#include <numbers>
#include <vector>

#include "core/check.hpp"
#include "core/normal.hpp"
#include "samplers/tpe/vector_loops.hpp"

namespace coppice::tpe {

void truncated_normals(std::span<double> values, std::span<const float> middles, double deviation) {
  check(values.size() == middles.size(), "a middle for each value");
  std::vector<float> left(values.size());
  std::vector<float> right(values.size());
  erf_on_both_sides(left.data(), right.data(), middles.data(), 1 / (deviation * std::numbers::sqrt2),
                    values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double below = static_cast<double>(left[i]);
    const double above = static_cast<double>(right[i]);
    const double p = (1 - below + values[i] * (below + above)) / 2;
    if (!(p > 0)) {
      values[i] = 0;
    } else if (!(p < 1)) {
      values[i] = 1;
    } else {
      values[i] = std::clamp(static_cast<double>(middles[i]) + deviation * normal_quantile(p), 0.0, 1.0);
    }
  }
}

}  // namespace coppice::tpe
