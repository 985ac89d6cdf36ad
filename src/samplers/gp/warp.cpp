#include "samplers/gp/warp.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace coppice::gp {

namespace {

using Eigen::Index;
using Eigen::VectorXd;

double log_likelihood(const VectorXd& values, double power) {
  VectorXd moved(values.size());
  double jacobian = 0;
  for (Index i = 0; i < values.size(); ++i) {
    moved[i] = yeo_johnson(values[i], power);
    jacobian += std::copysign(std::log1p(std::abs(values[i])), values[i]);
  }
  const double variance = (moved.array() - moved.mean()).square().mean();
  if (!(variance > 0) || !std::isfinite(variance)) return -HUGE_VAL;
  return -static_cast<double>(values.size()) / 2 * std::log(variance) + (power - 1) * jacobian;
}

double golden(const auto& f, double low, double high) {
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double a = high - ratio * (high - low);
  double b = low + ratio * (high - low);
  double fa = f(a);
  double fb = f(b);
  for (int i = 0; i < 30; ++i) {
    if (fa < fb) {
      low = a;
      a = b;
      fa = fb;
      b = low + ratio * (high - low);
      fb = f(b);
    } else {
      high = b;
      b = a;
      fb = fa;
      a = high - ratio * (high - low);
      fa = f(a);
    }
  }
  return (low + high) / 2;
}

}  // namespace

VectorXd capped(VectorXd values) {
  constexpr double kFarWorse = 20;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double best = sorted.front();
  // Where half of them are as good as the best, the first that is worse takes the median's place.
  auto middle = sorted.begin() + (values.size() - 1) / 2;
  middle = std::find_if(middle, sorted.end(), [best](double value) { return value > best; });
  if (middle == sorted.end()) return values;
  return values.cwiseMin(*middle + kFarWorse * (*middle - best));
}

VectorXd standardised(const VectorXd& values) {
  const double scale = values.cwiseAbs().maxCoeff();
  if (scale == 0) return values;
  const VectorXd safe = values / scale;  // the sum of squares of 1e200 is no number
  const VectorXd centred = safe.array() - safe.mean();
  const double deviation = std::sqrt(centred.squaredNorm() / static_cast<double>(values.size()));
  if (!(deviation > 1e-14)) return VectorXd::Zero(values.size());
  return centred / deviation;
}

double yeo_johnson(double value, double power) {
  if (value >= 0) {
    return std::abs(power) < 1e-8 ? std::log1p(value) : std::expm1(power * std::log1p(value)) / power;
  }
  const double other = 2 - power;
  return std::abs(other) < 1e-8 ? -std::log1p(-value) : -std::expm1(other * std::log1p(-value)) / other;
}

double fit_yeo_johnson(const VectorXd& values) {
  return golden([&](double power) { return log_likelihood(values, power); }, -2, 2);
}

VectorXd warp_scores(std::span<const double> scores, Warp warp) {
  if (scores.empty()) return {};
  VectorXd values = Eigen::Map<const VectorXd>(scores.data(), static_cast<Index>(scores.size()));
  values = standardised(capped(values));
  if (warp == Warp::kNone || values.size() < 3 || values.isZero()) return values;
  const double power = fit_yeo_johnson(values);
  for (double& value : values) value = yeo_johnson(value, power);
  return standardised(values);
}

}  // namespace coppice::gp
