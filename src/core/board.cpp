#include "core/board.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace coppice {

std::optional<Score> Trial::score_at(Step step) const {
  const auto it = std::lower_bound(curve.begin(), curve.end(), step,
                                   [](const CurvePoint& point, Step s) { return point.step < s; });
  if (it == curve.end() || it->step != step) return std::nullopt;
  return it->score;
}

std::optional<Score> Trial::last_score(Step step) const {
  const auto it = std::upper_bound(curve.begin(), curve.end(), step,
                                   [](Step s, const CurvePoint& point) { return s < point.step; });
  if (it == curve.begin()) return std::nullopt;
  return std::prev(it)->score;
}

Trial& Board::add(MemberId member, std::optional<Origin> origin) {
  Trial trial;
  trial.id = size();
  trial.member = member;
  trial.origin = origin;
  if (origin) {
    trial.steps = trial.stands_at = origin->step;
  } else {
    ++fresh_;
  }
  return trials_.emplace_back(std::move(trial));
}

std::vector<TrialId> Board::take_edited() {
  std::sort(edited_.begin(), edited_.end());
  edited_.erase(std::unique(edited_.begin(), edited_.end()), edited_.end());
  return std::exchange(edited_, {});
}

bool Board::report(TrialId id, Step step, std::optional<Score> score, Assessment assessment) {
  Trial& trial = edit(id);
  check(step > trial.steps, "a step is reported once and in order");
  trial.steps = step;
  if (!score) return false;
  trial.curve.push_back({step, *score});
  trial.assessment = std::move(assessment);
  if (!(*score < incumbent_.score)) return false;
  incumbent_ = {id, step, *score};
  return true;
}

}  // namespace coppice
