#include "schedulers/standings.hpp"

#include <algorithm>
#include <cmath>

namespace coppice {

std::int64_t truncation_size(double quantile, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(std::llround(quantile * static_cast<double>(count)));
  return std::min(std::max<std::int64_t>(size, 1), count / 2);
}

void Standings::record(SchedulerContext& context, Step step, MemberId member, Ranked ranked) {
  Entries& entries = steps_[step];
  Entry& entry = entries[member];
  release(context, step, entry);
  entry = {ranked, false, false};
  update_holds(context, step, entries);
}

void Standings::forget_after(SchedulerContext& context, MemberId member, Step step) {
  for (auto it = steps_.upper_bound(step); it != steps_.end();) {
    const auto found = it->second.find(member);
    if (found != it->second.end()) {
      release(context, it->first, found->second);
      it->second.erase(found);
    }
    it = it->second.empty() ? steps_.erase(it) : std::next(it);
  }
}

void Standings::forget_before(SchedulerContext& context, Step step) {
  while (!steps_.empty() && steps_.begin()->first < step) {
    for (auto& [member, entry] : steps_.begin()->second) release(context, steps_.begin()->first, entry);
    steps_.erase(steps_.begin());
  }
}

void Standings::disqualify(SchedulerContext& context, TrialId trial) {
  for (auto& [step, entries] : steps_) {
    for (auto& [member, entry] : entries) {
      if (entry.ranked.trial != trial) continue;
      entry.disqualified = true;
      release(context, step, entry);
    }
  }
}

std::optional<Step> Standings::comparable_step(Step after, Step upto) const {
  for (auto it = steps_.upper_bound(upto); it != steps_.begin();) {
    --it;
    if (it->first <= after) break;
    if (std::ssize(it->second) >= quorum()) return it->first;
  }
  return std::nullopt;
}

std::vector<Standing> Standings::ranking(const Entries& entries) const {
  std::vector<Standing> result;
  for (const auto& [member, entry] : entries) result.push_back({member, entry.ranked, 0, 0, false});
  std::sort(result.begin(), result.end(),
            [](const Standing& a, const Standing& b) { return a.ranked < b.ranked; });
  const auto count = static_cast<std::int64_t>(result.size());
  const std::int64_t cut = count - truncation_size(quantile_, count);
  std::int64_t rank = 0;
  for (Standing& standing : result) {
    standing.rank = ++rank;
    standing.count = count;
    standing.in_bottom = rank > cut || standing.ranked.score == kWorst;
  }
  return result;
}

std::optional<Standing> Standings::standing(Step step, MemberId member) const {
  const auto found = steps_.find(step);
  if (found == steps_.end()) return std::nullopt;
  for (const Standing& standing : ranking(found->second)) {
    if (standing.member == member) return standing;
  }
  return std::nullopt;
}

std::vector<Standing> Standings::donors(const SchedulerContext& context, Step step, MemberId member,
                                        std::int64_t rank) const {
  std::vector<Standing> result;
  const auto found = steps_.find(step);
  if (found == steps_.end()) return result;
  const Entries& entries = found->second;
  std::int64_t left = std::max<std::int64_t>(truncation_size(quantile_, std::ssize(entries)), 1);
  for (const Standing& standing : ranking(entries)) {
    if (left == 0 || standing.ranked.score == kWorst || standing.rank >= rank) break;
    if (standing.member == member || entries.at(standing.member).disqualified) continue;
    --left;
    if (context.has_checkpoint(standing.ranked.trial, step)) result.push_back(standing);
  }
  return result;
}

std::optional<Step> Standings::donor_step(const SchedulerContext& context, MemberId member) const {
  for (const std::int64_t least : {quorum(), std::int64_t{1}}) {
    for (auto it = steps_.rbegin(); it != steps_.rend(); ++it) {
      if (std::ssize(it->second) >= least && !donors(context, it->first, member).empty()) return it->first;
    }
  }
  return std::nullopt;
}

void Standings::update_holds(SchedulerContext& context, Step step, Entries& entries) {
  // Who is among the best k of all members is among the best k of those that came earlier too: nobody is let
  // go too soon.
  std::int64_t left = truncation_size(quantile_, population_);
  for (const Standing& standing : ranking(entries)) {
    Entry& entry = entries.at(standing.member);
    const bool wanted = left > 0 && !entry.disqualified && standing.ranked.score != kWorst;
    if (wanted) --left;
    if (wanted && !entry.held && context.has_checkpoint(entry.ranked.trial, step)) {
      context.hold(entry.ranked.trial, step);
      entry.held = true;
    } else if (!wanted) {
      release(context, step, entry);
    }
  }
}

void Standings::release(SchedulerContext& context, Step step, Entry& entry) {
  if (entry.held) context.release(entry.ranked.trial, step);
  entry.held = false;
}

}  // namespace coppice
