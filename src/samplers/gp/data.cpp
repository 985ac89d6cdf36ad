#include "samplers/gp/data.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "samplers/gp/rungs.hpp"
#include "samplers/gp/subset.hpp"
#include "samplers/gp/targets.hpp"

namespace coppice::gp {

namespace {

using Eigen::Index;

/// Rungs that are modelled together, the largest steps.
constexpr std::size_t kRungLimit = 8;

std::vector<Step> find_rungs(const History& history, Data& data) {
  std::vector<Step> steps = history.rungs(kRungLimit);
  if (steps.size() < 2) return {};
  for (std::size_t rung = 0; rung < steps.size(); ++rung) {
    const Step step = steps[rung] == kOpenEnd ? history.end() : steps[rung];
    data.places.push_back(std::log(static_cast<double>(step)));
    if (history.came_to(steps[rung]) >= history.least()) data.target = rung;
  }
  const double first = data.places.front();
  const double range = data.places.back() - first;
  for (double& place : data.places) place = (place - first) / range - 0.5;
  return steps;
}

template <class T>
void keep(std::vector<T>& values, const std::vector<std::size_t>& rows) {
  std::vector<T> kept;
  for (const std::size_t row : rows) kept.push_back(std::move(values[row]));
  values = std::move(kept);
}

void keep_rows(Data& data, const std::vector<std::size_t>& rows) {
  keep(data.points, rows);
  keep(data.scores, rows);
  keep(data.rung, rows);
}

}  // namespace

std::size_t Data::finite() const {
  return scores.size() - static_cast<std::size_t>(std::count(scores.begin(), scores.end(), kWorst));
}

Data gather(const History& history, const Coordinates& coordinates, bool all_rungs) {
  Data data;
  const std::vector<Step> steps = all_rungs ? find_rungs(history, data) : std::vector<Step>();
  std::vector<RungScore> raw;
  for (TrialId trial = 0; trial < history.size(); ++trial) {
    const Observation observation = history.observation(trial);
    if (!observation.known()) continue;
    const Point point = coordinates.from_encoded(history.encoded(trial));
    data.taken.insert(coordinates.key(point));
    if (observation.pending()) data.pending.push_back(point);
    const std::size_t before = raw.size();
    for (std::size_t rung = 0; rung < steps.size(); ++rung) {
      const Step after = rung > 0 ? steps[rung - 1] : 0;
      if (const auto score = history.score_at(trial, after, steps[rung]))
        raw.push_back({trial, rung, *score});
    }
    const bool only = steps.empty() ? observation.over() : observation.kind == Observation::Kind::kFailed;
    if (only) raw.push_back({trial, data.target, observation.finite() ? observation.score : kWorst});
    data.points.insert(data.points.end(), raw.size() - before, point);
    data.results += raw.size() > before ? 1 : 0;
  }
  for (const RungScore& row : raw) {
    data.scores.push_back(row.score);
    data.rung.push_back(row.rung);
  }
  if (!steps.empty()) data.scores = on_one_scale(raw, steps.size());
  return data;
}

void limit(Data& data, std::size_t rows, std::size_t pending) {
  if (data.scores.size() > rows) keep_rows(data, choose_observations(data.scores, rows));
  if (data.pending.size() > pending) {
    data.pending.erase(data.pending.begin(), data.pending.end() - static_cast<std::ptrdiff_t>(pending));
  }
}

Coordinates view(const Data& data, const Coordinates& coordinates) {
  return data.places.empty() ? coordinates : coordinates.with_context(data.places[data.target]);
}

std::optional<Training> train(Data& data, const Coordinates& coordinates, Warp warp) {
  std::vector<std::size_t> order(data.scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto rest = std::stable_partition(order.begin(), order.end(),
                                          [&](std::size_t i) { return data.rung[i] == data.target; });
  const Index contenders = rest - order.begin();
  keep_rows(data, order);

  const auto targets = targets_of(data.scores, warp);
  if (!targets) return std::nullopt;
  const Coordinates seen = view(data, coordinates);
  Training training{seen.features(data.points), standardised(*targets), seen.groups(), seen.group_count(),
                    contenders};
  for (std::size_t i = 0; i < data.rung.size() && !data.places.empty(); ++i) {
    training.features(training.features.rows() - 1, static_cast<Index>(i)) = data.places[data.rung[i]];
  }
  return training;
}

}  // namespace coppice::gp
