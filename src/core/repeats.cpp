#include "core/repeats.hpp"

#include <limits>
#include <string>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "core/objectives.hpp"
#include "core/program_seed.hpp"

namespace coppice {

std::uint64_t repeat_seed(std::uint64_t trial_seed, int repeat) {
  constexpr std::uint32_t kStream = hash_name("repeat");  // apart from the seeds of a study's trials
  if (repeat == 0) return trial_seed;
  return program_seed(Rng(trial_seed, Purpose::kTrialSeed, static_cast<std::uint64_t>(repeat), kStream));
}

Metrics join_repeats(const std::vector<Metrics>& repeats) {
  check(!repeats.empty(), "a report is that of one repeat at least");
  Metrics means;
  for (const Metrics& metrics : repeats) {
    for (const auto& metric : metrics) {
      if (!find_metric(means, metric.first)) means.emplace_back(metric.first, 0.0);
    }
  }
  Metrics joined;
  for (std::size_t repeat = 0; repeat < repeats.size(); ++repeat) {
    for (auto& [name, mean] : means) {
      const double value =
          find_metric(repeats[repeat], name).value_or(std::numeric_limits<double>::quiet_NaN());
      joined.emplace_back(name + "@" + std::to_string(repeat), value);
      mean += value;
    }
  }
  for (auto& [name, mean] : means) mean /= static_cast<double>(repeats.size());
  joined.insert(joined.end(), means.begin(), means.end());
  return joined;
}

RepeatedMetrics split_repeats(const Metrics& metrics, int repeats) {
  const std::size_t parts = static_cast<std::size_t>(repeats) + 1;
  if (repeats < 2 || metrics.size() % parts != 0) return {metrics, {}};
  const std::size_t names = metrics.size() / parts;
  const auto part = [&](std::size_t at) { return metrics.begin() + static_cast<std::ptrdiff_t>(at * names); };
  RepeatedMetrics result{Metrics(part(parts - 1), metrics.end()), {}};
  for (std::size_t repeat = 0; repeat + 1 < parts; ++repeat) {
    Metrics values(part(repeat), part(repeat + 1));
    for (std::size_t i = 0; i < names; ++i) values[i].first = result.mean[i].first;
    result.repeats.push_back(std::move(values));
  }
  return result;
}

}  // namespace coppice
