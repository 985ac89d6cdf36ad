#include "schedulers/pbt/stagnation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace coppice {

namespace {

double standard_deviation(const Score* begin, const Score* end) {
  const auto count = static_cast<double>(end - begin);
  const double mean = std::accumulate(begin, end, 0.0) / count;
  const double squares = std::accumulate(
      begin, end, 0.0, [mean](double sum, double v) { return sum + (v - mean) * (v - mean); });
  return std::sqrt(squares / (count - 1));
}

}  // namespace

void Stagnation::add(Score best) {
  if (!std::isfinite(best)) return;
  best_.push_back(best);
  const std::size_t count = best_.size();
  if (count < 3) {
    smoothed_.push_back(std::accumulate(best_.begin(), best_.end(), 0.0) / static_cast<double>(count));
    return;
  }
  const Score a = best_[count - 3];
  const Score b = best_[count - 2];
  smoothed_.push_back(std::max(std::min(a, b), std::min(std::max(a, b), best)));
}

std::string Stagnation::verdict() const {
  const std::size_t count = smoothed_.size();
  if (count > kPatience) {
    const auto recent = smoothed_.end() - static_cast<std::ptrdiff_t>(kPatience);
    if (*std::min_element(recent, smoothed_.end()) >= *std::min_element(smoothed_.begin(), recent)) {
      return "no better for " + std::to_string(kPatience) + " comparisons";
    }
  }
  if (count > kWindow) {
    const double gain = smoothed_[count - 1 - kWindow] - smoothed_[count - 1];
    const double deviation =
        standard_deviation(best_.data() + (count - 1 - kWindow), best_.data() + best_.size());
    if (gain < deviation) {
      return "less than a standard deviation better in " + std::to_string(kWindow) + " comparisons";
    }
  }
  return "";
}

}  // namespace coppice
