#include "schedulers/rung_ranking.hpp"

#include <iterator>

#include "core/check.hpp"

namespace coppice {

void RungRanking::add(Ranked entry, bool eligible) {
  if (!eligible) excluded_.insert(entry.trial);
  // The last of the top competes again, with all the rest: then the border is right whether or not it moved.
  if (!top_.empty()) {
    const auto last = std::prev(top_.end());
    waiting_.erase(*last);
    rest_.insert(top_.extract(last));
  }
  rest_.insert(entry);
  while (std::ssize(top_) < promotable()) {
    const auto first = rest_.begin();
    if (!excluded_.contains(first->trial)) waiting_.insert(*first);
    top_.insert(rest_.extract(first));
  }
}

std::optional<Ranked> RungRanking::best() const {
  if (waiting_.empty()) return std::nullopt;
  return *waiting_.begin();
}

Ranked RungRanking::take() {
  check(!waiting_.empty(), "nothing to promote");
  const Ranked entry = *waiting_.begin();
  waiting_.erase(waiting_.begin());
  excluded_.insert(entry.trial);
  return entry;
}

void RungRanking::put_back(Ranked taken, Score score, bool eligible) {
  check(excluded_.contains(taken.trial), "only what was taken is put back");
  if (top_.erase(taken) == 0) rest_.erase(taken);
  excluded_.erase(taken.trial);
  add({score, taken.trial}, eligible);
}

}  // namespace coppice
