#include "schedulers/progressive_cap.hpp"

#include <algorithm>
#include <cmath>

namespace coppice {

namespace {

constexpr std::size_t kMostCompared = 100;

/// How often the better one of two curves was another than before, over the steps that both have.
int crossings(const Trial& a, const Trial& b) {
  int count = 0;
  int better = 0;  // -1: a, 1: b
  auto i = a.curve.begin();
  auto j = b.curve.begin();
  while (i != a.curve.end() && j != b.curve.end()) {
    if (i->step != j->step) {
      i->step < j->step ? ++i : ++j;
      continue;
    }
    const int now = i->score < j->score ? -1 : i->score > j->score ? 1 : better;
    if (better != 0 && now != better) ++count;
    better = now;
    ++i;
    ++j;
  }
  return count;
}

}  // namespace

ProgressiveCap::ProgressiveCap(std::vector<Step> steps)
    : steps_(std::move(steps)), rung_(std::min<std::size_t>(1, steps_.size() - 1)) {}

void ProgressiveCap::on_reached(const Board& board, TrialId id, std::size_t rung) {
  if (rung != rung_ || rung + 1 >= steps_.size() || rung == 0) return;
  const Trial& trial = board.trial(id);
  const Score score = trial.last_score(steps_[rung]).value_or(kWorst);
  if (score == kWorst || trial.last_score(steps_[rung - 1]).value_or(kWorst) == kWorst) return;
  const Ranked entry{score, id};
  if (top_.size() == kMostCompared) {
    if (top_.back() < entry) return;
    top_.pop_back();
  }
  for (const Ranked& other : top_) {
    if (crossings(trial, board.trial(other.trial)) < 2) continue;
    const double distance = std::abs(score - other.score);
    distances_.insert(std::upper_bound(distances_.begin(), distances_.end(), distance), distance);
  }
  top_.insert(std::upper_bound(top_.begin(), top_.end(), entry), entry);
  if (rankings_agree(board)) return;
  ++rung_;
  top_.clear();
}

double ProgressiveCap::epsilon() const {
  if (distances_.empty()) return 0;
  return distances_[(distances_.size() - 1) * 9 / 10];
}

bool ProgressiveCap::rankings_agree(const Board& board) const {
  std::vector<Ranked> below;
  for (const Ranked& entry : top_) {
    below.push_back({*board.trial(entry.trial).last_score(steps_[rung_ - 1]), entry.trial});
  }
  const std::vector<Ranked> by_top = below;
  std::sort(below.begin(), below.end());
  for (std::size_t i = 0; i < below.size(); ++i) {
    if (std::abs(by_top[i].score - below[i].score) > epsilon()) return false;
  }
  return true;
}

}  // namespace coppice
