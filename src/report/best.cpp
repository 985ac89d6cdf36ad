#include "report/best.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "coppice/value.hpp"

namespace coppice {
namespace {

constexpr std::array<std::string_view, 8> kOwnColumns{"trial",       "member", "state",     "origin_trial",
                                                      "origin_step", "steps",  "created_s", "ended_s"};

template <class T>
const std::vector<T>& column(const Table& table, std::string_view name) {
  static const std::vector<T> kEmpty;
  const Column* found = table.find(name);
  if (found == nullptr) return kEmpty;
  const auto* values = std::get_if<std::vector<T>>(&found->values);
  return values == nullptr ? kEmpty : *values;
}

std::vector<std::pair<std::string, std::string>> params_of(const Tables& tables, std::size_t row) {
  std::vector<std::pair<std::string, std::string>> params;
  for (const Column& c : tables.trials.columns) {
    if (std::find(kOwnColumns.begin(), kOwnColumns.end(), c.name) != kOwnColumns.end() ||
        c.name == tables.attributes.objective)
      continue;
    std::string text;
    if (const auto* ints = std::get_if<Ints>(&c.values)) {
      if ((*ints)[row] != kMissingInt) text = std::to_string((*ints)[row]);
    } else if (const auto* numbers = std::get_if<Doubles>(&c.values)) {
      if (!std::isnan((*numbers)[row])) text = to_text((*numbers)[row]);
    } else {
      text = std::get<Texts>(c.values)[row];
    }
    if (!text.empty()) params.emplace_back(c.name, text);
  }
  return params;
}

}  // namespace

std::vector<BestTrial> best_trials(const Tables& tables, int count) {
  const bool minimize = tables.attributes.direction != "maximize";
  const auto& report_trials = column<std::int64_t>(tables.reports, "trial");
  const auto& report_steps = column<std::int64_t>(tables.reports, "step");
  const auto& values = column<double>(tables.reports, tables.attributes.objective);
  const Column* repeats = tables.reports.find("repeat");
  const auto* repeat = repeats == nullptr ? nullptr : std::get_if<Ints>(&repeats->values);
  std::map<std::int64_t, BestTrial> by_trial;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    if (repeat != nullptr && (*repeat)[i] != kMeanOfRepeats) continue;
    BestTrial& best = by_trial[report_trials[i]];
    const bool better = minimize ? values[i] < best.value : values[i] > best.value;
    if (best.trial < 0 || better || (values[i] == best.value && report_steps[i] < best.step)) {
      best = {report_trials[i], report_steps[i], values[i], {}};
    }
  }
  std::vector<BestTrial> result;
  for (auto& [trial, best] : by_trial) result.push_back(std::move(best));
  std::stable_sort(result.begin(), result.end(), [minimize](const BestTrial& a, const BestTrial& b) {
    return minimize ? a.value < b.value : a.value > b.value;
  });
  if (static_cast<int>(result.size()) > count) result.resize(static_cast<std::size_t>(count));

  const auto& ids = column<std::int64_t>(tables.trials, "trial");
  const auto& origins = column<std::int64_t>(tables.trials, "origin_trial");
  const auto& origin_steps = column<std::int64_t>(tables.trials, "origin_step");
  for (BestTrial& best : result) {
    std::int64_t to_step = best.step;
    for (std::int64_t trial = best.trial; trial >= 0;) {
      const auto row =
          static_cast<std::size_t>(std::lower_bound(ids.begin(), ids.end(), trial) - ids.begin());
      if (row >= ids.size() || ids[row] != trial) break;
      const bool clone = row < origins.size() && origins[row] >= 0;
      const std::int64_t from_step = clone ? origin_steps[row] : 0;
      if (to_step > from_step)
        best.schedule.insert(best.schedule.begin(), {trial, from_step, to_step, params_of(tables, row)});
      to_step = from_step;
      trial = clone ? origins[row] : -1;
    }
  }
  return result;
}

}  // namespace coppice
