#include "schedulers/halving.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {
bool budget_is_used(const SchedulerContext& context) {
  const auto limit = context.max_trials();
  return limit && context.board().fresh() >= *limit;
}
/// `index` from 0.
std::string rank_words(std::int64_t index, std::int64_t count, std::int64_t kept) {
  return "rank " + std::to_string(index + 1) + " of " + std::to_string(count) + ", best " +
         std::to_string(kept) + (kept == 1 ? " goes on" : " go on");
}
}  // namespace

SuccessiveHalving::SuccessiveHalving(HalvingSettings settings)
    : settings_(std::move(settings)), re_evaluation_(settings_.re_evaluate) {
  check(!settings_.plans.empty(), "halving without a bracket");
}

void SuccessiveHalving::on_reached(SchedulerContext& context, TrialId id) {
  const Trial& trial = context.board().trial(id);
  if (trial.is_rerun()) return put_back(context, re_evaluation_.on_reached(context, trial));
  const Score score = trial.last_score().value_or(kWorst);
  add(context, id, {{score, id}, trial.state == TrialState::kPaused && score != kWorst});
}

void SuccessiveHalving::on_failed(SchedulerContext& context, TrialId id, FailureCause cause) {
  if (cause != FailureCause::kExhausted) {
    const Trial& trial = context.board().trial(id);
    if (trial.is_rerun()) return put_back(context, re_evaluation_.on_failed(trial));
    add(context, id, {{kWorst, id}, false});
    return;
  }
  --brackets_[bracket_of_[static_cast<std::size_t>(id)]].expected;
  for (Bracket& bracket : brackets_) {
    // Also one that had all of its trials back, and was to have more.
    if (!is_over(bracket)) close_if_full(context, bracket);
  }
}

std::optional<Work> SuccessiveHalving::next(SchedulerContext& context, WorkerId) {
  if (auto rerun = re_evaluation_.next()) {
    bracket_of_.push_back(bracket_of_[static_cast<std::size_t>(rerun->trial)]);
    return rerun;
  }
  if (!promoting_.empty()) {
    Bracket& oldest = brackets_[*promoting_.begin()];
    Continue work = std::move(oldest.promotions.front());
    oldest.promotions.pop_front();
    if (oldest.promotions.empty()) promoting_.erase(promoting_.begin());
    return work;
  }
  if (budget_is_used(context) || context.awaits_results()) return std::nullopt;
  if (brackets_.empty() || is_begun(brackets_.back())) {
    const auto count = settings_.plans.size();
    const auto done = static_cast<std::int64_t>(brackets_.size() / count);
    if (settings_.iterations ? done >= *settings_.iterations : context.endless() && done >= 1)
      return std::nullopt;
    brackets_.push_back({brackets_.size(), &settings_.plans[brackets_.size() % count], 0, 0, {}, 0, {}});
  }
  Bracket& bracket = brackets_.back();
  ++bracket.expected;
  bracket_of_.push_back(brackets_.size() - 1);
  const Rung& first = bracket.plan->rungs.front();
  return NewTrial{
      kNoMember, first.step,
      bracket_words(bracket) + ": " + std::to_string(bracket.expected) + " of " +
          std::to_string(first.trials) + " up to " + steps_words(first.step),
      settings_.re_evaluate > 0 ? kNoTrial : context.board().size() + first.trials - bracket.expected};
}

bool SuccessiveHalving::is_over(const Bracket& bracket) {
  return bracket.rung == bracket.plan->rungs.size() || (bracket.rung > 0 && bracket.expected == 0);
}

/// Whether all of the trials that it will ever have are begun.
bool SuccessiveHalving::is_begun(const Bracket& bracket) {
  return bracket.rung > 0 || bracket.expected == bracket.plan->rungs.front().trials;
}

void SuccessiveHalving::add(SchedulerContext& context, TrialId id, Entry entry) {
  const std::size_t index = bracket_of_[static_cast<std::size_t>(id)];
  Bracket& bracket = brackets_[index];
  bracket.entries.push_back(entry);
  check(std::ssize(bracket.entries) <= bracket.expected, "a rung has no more entries than trials");
  close_if_full(context, bracket);
}

void SuccessiveHalving::close_if_full(SchedulerContext& context, Bracket& bracket) {
  const bool all_begun = is_begun(bracket) || budget_is_used(context);
  const bool full = all_begun && std::ssize(bracket.entries) == bracket.expected;
  if (full && bracket.measuring == 0) close_rung(context, bracket);
}

void SuccessiveHalving::close_rung(SchedulerContext& context, Bracket& bracket) {
  ++bracket.rung;
  if (is_over(bracket)) {
    bracket.entries.clear();
  } else {
    measure_again(context, bracket);
  }
}

/// Ranks the rung, and decides it unless some of its best are to be measured again before that.
void SuccessiveHalving::measure_again(SchedulerContext& context, Bracket& bracket) {
  auto& entries = bracket.entries;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.ranked < b.ranked; });
  if (bracket.rung + 1 == bracket.plan->rungs.size()) {
    const auto count = static_cast<std::int64_t>(entries.size());
    const std::int64_t kept = survivors(count, settings_.eta);
    for (std::int64_t i = 0; i < kept; ++i) {
      const auto& [ranked, eligible] = entries[static_cast<std::size_t>(i)];
      if (!eligible || !re_evaluation_.wants(ranked.trial)) continue;
      re_evaluation_.begin(ranked, bracket.plan->rungs[bracket.rung - 1].step,
                           rung_words(bracket) + rank_words(i, count, kept));
      ++bracket.measuring;
    }
  }
  if (bracket.measuring == 0) decide_rung(context, bracket);
}

void SuccessiveHalving::put_back(SchedulerContext& context,
                                 const std::optional<ReEvaluation::Candidate>& candidate) {
  if (!candidate) return;
  const TrialId id = candidate->first.trial;
  Bracket& bracket = brackets_[bracket_of_[static_cast<std::size_t>(id)]];
  const auto entry = std::find_if(bracket.entries.begin(), bracket.entries.end(),
                                  [id](const Entry& e) { return e.ranked.trial == id; });
  check(entry != bracket.entries.end(), "a candidate stands in its rung");
  *entry = {candidate->ranked(), candidate->ranked().score != kWorst};
  if (--bracket.measuring == 0) measure_again(context, bracket);
}

/// Precondition: its entries are in order.
void SuccessiveHalving::decide_rung(SchedulerContext& context, Bracket& bracket) {
  const std::vector<Entry> entries = std::exchange(bracket.entries, {});
  const auto count = static_cast<std::int64_t>(entries.size());
  const std::int64_t kept = survivors(count, settings_.eta);
  const std::string place = rung_words(bracket);
  for (std::int64_t i = 0; i < count; ++i) {
    const Entry& entry = entries[static_cast<std::size_t>(i)];
    std::string reason = place + rank_words(i, count, kept) + re_evaluation_.words(entry.ranked.trial);
    if (i < kept && entry.eligible) {
      bracket.promotions.push_back({entry.ranked.trial, bracket.plan->rungs[bracket.rung].step,
                                    DecisionKind::kPromote, std::move(reason)});
    } else if (context.board().trial(entry.ranked.trial).state == TrialState::kPaused) {
      if (!entry.eligible) reason += ", none without a finite score";
      context.stop(entry.ranked.trial, std::move(reason));
    }
  }
  bracket.expected = std::ssize(bracket.promotions);
  if (bracket.expected > 0) promoting_.insert(bracket.number);
}

/// Of the rung that was closed last.
std::string SuccessiveHalving::rung_words(const Bracket& bracket) const {
  const std::size_t rung = bracket.rung - 1;
  return bracket_words(bracket) + ", rung " + std::to_string(rung) + " (" +
         steps_words(bracket.plan->rungs[rung].step) + "): ";
}

/// Hyperband's brackets have numbers of their own; those of sha, all alike, are counted.
std::string SuccessiveHalving::bracket_words(const Bracket& bracket) const {
  return "bracket " +
         (settings_.plans.size() > 1 ? std::to_string(bracket.plan->s) : std::to_string(bracket.number));
}

}  // namespace coppice
