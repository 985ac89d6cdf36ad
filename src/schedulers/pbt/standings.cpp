#include "schedulers/pbt/standings.hpp"

#include <algorithm>
#include <cmath>

namespace coppice {

std::int64_t truncation_size(double quantile, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(std::llround(quantile * static_cast<double>(count)));
  return std::min(std::max<std::int64_t>(size, 1), count / 2);
}

std::size_t Standings::Table::position(const Ranked& ranked) const {
  const auto found = std::lower_bound(entries.begin(), entries.end(), ranked,
                                      [](const Entry& entry, const Ranked& r) { return entry.ranked < r; });
  return static_cast<std::size_t>(found - entries.begin());
}

void Standings::record(SchedulerContext& context, Step step, MemberId member, Ranked ranked) {
  Table& table = steps_[step];
  remove(context, step, table, member);
  table.entries.insert(table.entries.begin() + static_cast<std::ptrdiff_t>(table.position(ranked)),
                       Entry{ranked, member});
  table.scores.emplace(member, ranked);
  update_holds(context, step, table);
}

void Standings::remove(SchedulerContext& context, Step step, Table& table, MemberId member) {
  const auto found = table.scores.find(member);
  if (found == table.scores.end()) return;
  const auto entry = table.entries.begin() + static_cast<std::ptrdiff_t>(table.position(found->second));
  release(context, step, *entry);
  table.entries.erase(entry);
  table.scores.erase(found);
}

void Standings::forget_after(SchedulerContext& context, MemberId member, Step step) {
  for (auto it = steps_.upper_bound(step); it != steps_.end();) {
    remove(context, it->first, it->second, member);
    it = it->second.entries.empty() ? steps_.erase(it) : std::next(it);
  }
}

void Standings::forget_before(SchedulerContext& context, Step step) {
  while (!steps_.empty() && steps_.begin()->first < step) {
    for (Entry& entry : steps_.begin()->second.entries) release(context, steps_.begin()->first, entry);
    steps_.erase(steps_.begin());
  }
}

void Standings::disqualify(SchedulerContext& context, MemberId member, TrialId trial) {
  for (auto& [step, table] : steps_) {
    const auto found = table.scores.find(member);
    if (found == table.scores.end() || found->second.trial != trial) continue;
    Entry& entry = table.entries[table.position(found->second)];
    entry.disqualified = true;
    release(context, step, entry);
  }
}

std::optional<Step> Standings::comparable_step(Step after, Step upto, Step period) const {
  for (auto it = steps_.upper_bound(upto); it != steps_.begin();) {
    --it;
    if (it->first <= after) break;
    if (it->first % period == 0 && it->second.size() >= quorum()) return it->first;
  }
  return std::nullopt;
}

Standing Standings::standing(const Table& table, std::size_t position) const {
  const Entry& entry = table.entries[position];
  const auto rank = static_cast<std::int64_t>(position) + 1;
  const bool in_bottom =
      rank > table.size() - truncation_size(quantile_, table.size()) || entry.ranked.score == kWorst;
  return {entry.member, entry.ranked, rank, table.size(), in_bottom};
}

std::optional<Standing> Standings::standing(Step step, MemberId member) const {
  const auto table = steps_.find(step);
  if (table == steps_.end()) return std::nullopt;
  const auto found = table->second.scores.find(member);
  if (found == table->second.scores.end()) return std::nullopt;
  return standing(table->second, table->second.position(found->second));
}

std::vector<std::size_t> Standings::candidates(const Table& table, MemberId member, std::int64_t rank) const {
  std::vector<std::size_t> result;
  const std::int64_t most = std::max<std::int64_t>(truncation_size(quantile_, table.size()), 1);
  const auto end = static_cast<std::size_t>(std::min(rank - 1, table.size()));
  for (std::size_t i = 0; i < end && std::ssize(result) < most; ++i) {
    const Entry& entry = table.entries[i];
    if (entry.ranked.score == kWorst) break;
    if (entry.member != member && !entry.disqualified) result.push_back(i);
  }
  return result;
}

std::optional<Standing> Standings::draw_donor(const SchedulerContext& context, Step step, MemberId member,
                                              Rng& rng, std::int64_t rank) const {
  const auto table = steps_.find(step);
  if (table == steps_.end()) return std::nullopt;
  std::vector<std::size_t> left = candidates(table->second, member, rank);
  while (!left.empty()) {
    const auto drawn = left.begin() + static_cast<std::ptrdiff_t>(rng.below(left.size()));
    if (context.has_checkpoint(table->second.entries[*drawn].ranked.trial, step)) {
      return standing(table->second, *drawn);
    }
    left.erase(drawn);
  }
  return std::nullopt;
}

std::vector<Standing> Standings::better_donors(const SchedulerContext& context, Step step,
                                               const Ranked& ranked) const {
  std::vector<Standing> result;
  const auto table = steps_.find(step);
  if (table == steps_.end()) return result;
  const auto rank = static_cast<std::int64_t>(table->second.position(ranked)) + 1;
  for (const std::size_t i : candidates(table->second, kNoMember, rank)) {
    if (context.has_checkpoint(table->second.entries[i].ranked.trial, step)) {
      result.push_back(standing(table->second, i));
    }
  }
  return result;
}

std::optional<Standing> Standings::draw_opponent(Step step, MemberId member, Rng& rng) const {
  const auto table = steps_.find(step);
  if (table == steps_.end()) return std::nullopt;
  const auto own = table->second.scores.find(member);
  if (own == table->second.scores.end() || table->second.size() < 2) return std::nullopt;
  auto drawn = static_cast<std::size_t>(rng.below(static_cast<std::uint64_t>(table->second.size() - 1)));
  if (drawn >= table->second.position(own->second)) ++drawn;
  return standing(table->second, drawn);
}

bool Standings::is_donor(const SchedulerContext& context, Step step, const Standing& standing) const {
  const auto table = steps_.find(step);
  if (table == steps_.end()) return false;
  const Entry& entry = table->second.entries.at(table->second.position(standing.ranked));
  return entry.ranked.score < kWorst && !entry.disqualified &&
         context.has_checkpoint(entry.ranked.trial, step);
}

std::optional<Standing> Standings::best(Step step) const {
  const auto table = steps_.find(step);
  if (table == steps_.end()) return std::nullopt;
  return standing(table->second, 0);
}

bool Standings::has_donor(const SchedulerContext& context, Step step, const Table& table,
                          MemberId member) const {
  const auto all = candidates(table, member, std::numeric_limits<std::int64_t>::max());
  return std::any_of(all.begin(), all.end(), [&](std::size_t i) {
    return context.has_checkpoint(table.entries[i].ranked.trial, step);
  });
}

std::optional<Step> Standings::donor_step(const SchedulerContext& context, MemberId member) const {
  for (const std::int64_t least : {quorum(), std::int64_t{1}}) {
    for (auto it = steps_.rbegin(); it != steps_.rend(); ++it) {
      if (it->second.size() >= least && has_donor(context, it->first, it->second, member)) return it->first;
    }
  }
  return std::nullopt;
}

void Standings::update_holds(SchedulerContext& context, Step step, Table& table) {
  // Who is among the best k of all members is among the best k of those that came earlier too: nobody is let
  // go too soon.
  std::int64_t left = held_;
  for (Entry& entry : table.entries) {
    const bool wanted = left > 0 && !entry.disqualified && entry.ranked.score != kWorst;
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
