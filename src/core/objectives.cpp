#include "core/objectives.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/check.hpp"

namespace coppice {

Score Objective::score_of(double value) const {
  if (!std::isfinite(value)) return kWorst;
  return minimize ? value : -value;
}

double Objective::value_of(Score score) const {
  if (!std::isfinite(score)) return std::numeric_limits<double>::quiet_NaN();
  return minimize ? score : -score;
}

double Assessment::violation() const {
  return std::accumulate(violations.begin(), violations.end(), 0.0);
}

std::optional<double> find_metric(const Metrics& metrics, std::string_view name) {
  const auto it =
      std::find_if(metrics.rbegin(), metrics.rend(), [&](const auto& m) { return m.first == name; });
  return it == metrics.rend() ? std::nullopt : std::optional(it->second);
}

Assessment assess(const std::vector<Objective>& objectives, const std::vector<Constraint>& constraints,
                  const Metrics& metrics) {
  Assessment result;
  for (const Objective& objective : objectives) {
    const auto value = find_metric(metrics, objective.metric);
    result.scores.push_back(value ? objective.score_of(*value) : kWorst);
  }
  for (const Constraint& constraint : constraints) {
    const auto value = find_metric(metrics, constraint.metric);
    result.violations.push_back(value && std::isfinite(*value) ? std::max(0.0, *value - constraint.upper)
                                                               : std::numeric_limits<double>::infinity());
  }
  return result;
}

bool dominates(const Assessment& a, const Assessment& b) {
  check(a.scores.size() == b.scores.size() && a.violations.size() == b.violations.size(),
        "both were assessed alike");
  if (const double va = a.violation(), vb = b.violation(); va > 0 || vb > 0) return va < vb;
  bool better = false;
  for (std::size_t i = 0; i < a.scores.size(); ++i) {
    if (a.scores[i] > b.scores[i]) return false;
    better = better || a.scores[i] < b.scores[i];
  }
  return better;
}

}  // namespace coppice
