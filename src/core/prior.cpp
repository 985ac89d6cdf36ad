#include "core/prior.hpp"

#include <algorithm>
#include <cmath>

#include "core/normal.hpp"
#include "core/text.hpp"

namespace coppice {

std::string PriorScale::problem(const Parameter& parameter) {
  if (!parameter.prior) return "";
  const auto& [mean, deviation] = *parameter.prior;
  if (!(std::isfinite(deviation) && deviation > 0)) return "the prior's deviation must be greater than 0";
  if (!(mean >= parameter.low && mean <= parameter.high)) {
    return "the prior's mean " + to_text(mean) + " must lie between low and high";
  }
  if (parameter.type == ParameterType::kFloat && !parameter.step) return "";
  const auto scale = [&](double x) { return parameter.log ? std::log(x) : x; };
  for (const bool upper : {false, true}) {
    const double end = upper ? parameter.high : parameter.low;
    const double deviations = std::abs(scale(end) - scale(mean)) / deviation;
    if (deviations <= kMostDeviations) continue;
    return std::string(upper ? "high" : "low") + " is " + to_text(std::round(10 * deviations) / 10) +
           " deviations away from the prior's mean, at most " + to_text(kMostDeviations) +
           " make sense on a grid; narrow the range or widen the prior";
  }
  return "";
}

PriorScale::PriorScale(double mean, double deviation, double from, double to)
    : mean_(mean),
      deviation_(deviation),
      from_(from),
      to_(to),
      below_(normal_cdf((from - mean) / deviation)),
      inside_(normal_cdf((to - mean) / deviation) - below_) {}

double PriorScale::share(double x) const {
  return std::clamp((normal_cdf((x - mean_) / deviation_) - below_) / inside_, 0.0, 1.0);
}

double PriorScale::quantile(double u) const {
  const double p = below_ + u * inside_;
  if (!(u > 0 && p > 0)) return from_;
  if (!(u < 1 && p < 1)) return to_;
  return std::clamp(mean_ + deviation_ * normal_quantile(p), from_, to_);
}

}  // namespace coppice
