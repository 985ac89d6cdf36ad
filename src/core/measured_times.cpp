#include "core/measured_times.hpp"

#include <algorithm>
#include <cmath>

namespace coppice {

namespace {
constexpr std::size_t kMostValues = 64;
constexpr std::size_t kMostTrials = 1024;
constexpr double kHigh = 0.95;
/// A step that took long once, as the machine was busy, is forgotten after some others.
constexpr double kForget = 0.1;

/// By the nearest rank, from above.
double high_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(kHigh * static_cast<double>(values.size()))) - 1;
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

/// Whether it is a time at all: the shell measured it, and clocks and programs say strange things.
bool is_time(double seconds) {
  return std::isfinite(seconds) && seconds >= 0;
}
}  // namespace

void RecentTimes::add(double seconds) {
  if (!is_time(seconds)) return;
  high_s_.reset();
  if (values_.size() < kMostValues) {
    values_.push_back(seconds);
  } else {
    values_[next_] = seconds;
    next_ = (next_ + 1) % kMostValues;
  }
}

double RecentTimes::high_s() const {
  if (!high_s_) high_s_ = high_of(values_);
  return *high_s_;
}

void KindTimes::on_step(TrialId trial, double seconds) {
  if (!is_time(seconds)) return;
  const auto [entry, first] = steps_.try_emplace(trial, seconds);
  if (!first) entry->second = std::max(seconds, (1 - kForget) * entry->second + kForget * seconds);
  if (steps_.size() > kMostTrials) steps_.erase(steps_.begin());
  slowest_step_s_ = std::max(slowest_step_s_, seconds);
  high_step_s_.reset();
}

std::optional<double> KindTimes::step_s(TrialId trial) const {
  if (const auto own = steps_.find(trial); own != steps_.end()) return own->second;
  return step_s();
}

std::optional<double> KindTimes::step_s() const {
  if (steps_.empty()) return std::nullopt;
  if (!high_step_s_) {
    std::vector<double> values;
    for (const auto& [trial, seconds] : steps_) values.push_back(seconds);
    high_step_s_ = high_of(std::move(values));
  }
  return high_step_s_;
}

const KindTimes* MeasuredTimes::find(const std::string& kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second;
}

}  // namespace coppice
