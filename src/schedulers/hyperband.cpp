/// hyperband: brackets of synchronous successive halving. Li et al., "Hyperband" (JMLR 18, 2018).
///
/// A rung is decided when all of its trials stand there or are over; floor(n / eta) of the n go on, at least
/// one. Failed trials count as losers; nothing that failed, has no finite score or has nothing more to train
/// goes on (then fewer do).
///
/// No worker waits while another bracket has work: promotions of the oldest bracket come first, then new
/// trials of the newest one, then the next bracket opens. New trials are begun in a fixed order, so which
/// trial belongs to which bracket, and every decision, depend on results alone, never on timing.
///
/// Where budget.trials ends within a bracket's first rung, the bracket goes on with those it has.
#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/scheduler.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

struct HyperbandSettings {
  std::vector<BracketPlan> plans;
  std::int64_t eta = 3;
  std::optional<std::int64_t> iterations;  ///< absent: one in an endless study, else as the budget lasts
};

struct Entry {
  Ranked ranked;
  bool eligible = false;
};

/// A bracket under way: the rung that it fills now, and those who wait to go on to it.
struct Bracket {
  const BracketPlan* plan = nullptr;
  std::size_t rung = 0;
  std::int64_t expected = 0;  ///< in this rung; in the first one: begun so far
  std::vector<Entry> entries;
  std::deque<Continue> promotions;
};

class Hyperband final : public Scheduler {
 public:
  explicit Hyperband(HyperbandSettings settings) : settings_(std::move(settings)) {}

  void on_reached(SchedulerContext& context, TrialId id) override {
    const Trial& trial = context.board().trial(id);
    const Score score = trial.last_score().value_or(kWorst);
    add(context, id, {{score, id}, trial.state == TrialState::kPaused && score != kWorst});
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause) override {
    add(context, id, {{kWorst, id}, false});
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    while (oldest_ < brackets_.size() && is_over(brackets_[oldest_])) ++oldest_;
    for (std::size_t i = oldest_; i < brackets_.size(); ++i) {
      Bracket& bracket = brackets_[i];
      if (bracket.promotions.empty()) continue;
      Continue work = std::move(bracket.promotions.front());
      bracket.promotions.pop_front();
      return work;
    }
    if (budget_is_used(context)) return std::nullopt;
    if (brackets_.empty() || is_begun(brackets_.back())) {
      const auto count = settings_.plans.size();
      const auto done = static_cast<std::int64_t>(brackets_.size() / count);
      if (settings_.iterations ? done >= *settings_.iterations : context.endless() && done >= 1)
        return std::nullopt;
      brackets_.push_back({&settings_.plans[brackets_.size() % count], 0, 0, {}, {}});
    }
    Bracket& bracket = brackets_.back();
    ++bracket.expected;
    bracket_of_.push_back(brackets_.size() - 1);
    const Rung& first = bracket.plan->rungs.front();
    return NewTrial{kNoMember, first.step,
                    "bracket " + std::to_string(bracket.plan->s) + ": " + std::to_string(bracket.expected) +
                        " of " + std::to_string(first.trials) + " up to " + steps_words(first.step)};
  }

 private:
  static bool budget_is_used(const SchedulerContext& context) {
    const auto limit = context.max_trials();
    return limit && context.board().fresh() >= *limit;
  }

  static bool is_over(const Bracket& bracket) {
    return bracket.rung == bracket.plan->rungs.size() || (bracket.rung > 0 && bracket.expected == 0);
  }

  /// Whether all of the trials that it will ever have are begun.
  static bool is_begun(const Bracket& bracket) {
    return bracket.rung > 0 || bracket.expected == bracket.plan->rungs.front().trials;
  }

  void add(SchedulerContext& context, TrialId id, Entry entry) {
    const std::size_t index = bracket_of_[static_cast<std::size_t>(id)];
    Bracket& bracket = brackets_[index];
    bracket.entries.push_back(entry);
    check(std::ssize(bracket.entries) <= bracket.expected, "a rung has no more entries than trials");
    const bool all_begun = is_begun(bracket) || budget_is_used(context);
    if (all_begun && std::ssize(bracket.entries) == bracket.expected) close_rung(context, bracket);
  }

  void close_rung(SchedulerContext& context, Bracket& bracket) {
    const std::size_t rung = bracket.rung++;
    std::vector<Entry> entries = std::exchange(bracket.entries, {});
    if (is_over(bracket)) return;
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.ranked < b.ranked; });
    const auto count = static_cast<std::int64_t>(entries.size());
    const std::int64_t kept = survivors(count, settings_.eta);
    const std::string place = "bracket " + std::to_string(bracket.plan->s) + ", rung " +
                              std::to_string(rung) + " (" + steps_words(bracket.plan->rungs[rung].step) +
                              "): rank ";
    for (std::int64_t i = 0; i < count; ++i) {
      const Entry& entry = entries[static_cast<std::size_t>(i)];
      std::string reason = place + std::to_string(i + 1) + " of " + std::to_string(count) + ", best " +
                           std::to_string(kept) + (kept == 1 ? " goes on" : " go on");
      if (i < kept && entry.eligible) {
        bracket.promotions.push_back({entry.ranked.trial, bracket.plan->rungs[bracket.rung].step,
                                      DecisionKind::kPromote, std::move(reason)});
      } else if (context.board().trial(entry.ranked.trial).state == TrialState::kPaused) {
        if (!entry.eligible) reason += ", none without a finite score";
        context.stop(entry.ranked.trial, std::move(reason));
      }
    }
    bracket.expected = std::ssize(bracket.promotions);
  }

  HyperbandSettings settings_;
  std::deque<Bracket> brackets_;         ///< all that were opened, oldest first
  std::size_t oldest_ = 0;               ///< that is not over
  std::vector<std::size_t> bracket_of_;  ///< by trial: hyperband begins them all itself, from scratch
};

HyperbandSettings settings_from(const Options& options, const SchedulerSetup& setup) {
  HyperbandSettings settings;
  settings.eta = options.integer("eta", 3);
  const auto sizes =
      options.text("sizes", "formula") == "table" ? BracketSizes::kTable : BracketSizes::kFormula;
  settings.plans = hyperband_brackets(steps_per_trial(options, setup), settings.eta, sizes);
  if (options.contains("iterations")) settings.iterations = options.integer("iterations", 1);
  return settings;
}

std::string check_hyperband(const Options& options, const SchedulerSetup& setup) {
  if (setup.deterministic && setup.has_target) {
    return "budget.target ends a study at a moment that depends on timing; remove it or deterministic";
  }
  return check_step_limit("hyperband", options, setup);
}

std::unique_ptr<Scheduler> make_hyperband(const Options& options, const SchedulerSetup& setup) {
  return std::make_unique<Hyperband>(settings_from(options, setup));
}

}  // namespace

SchedulerInfo hyperband_entry() {
  return {
      "hyperband",
      "brackets of successive halving, from many short trials to few long ones",
      {{.name = "max_steps",
        .type = OptionType::kInt,
        .help = "the last rung of every bracket (budget.steps_per_trial)",
        .low = 1,
        .high = static_cast<double>(kMaxRungStep)},
       {.name = "eta", .type = OptionType::kInt, .help = "one of eta goes on (3)", .low = 2, .high = 1000},
       {.name = "sizes",
        .type = OptionType::kText,
        .help = "formula: Algorithm 1 of the paper; table: its Table 1",
        .choices = {"formula", "table"}},
       {.name = "iterations",
        .type = OptionType::kInt,
        .help = "how often all brackets run (once, or as long as the budget lasts)",
        .low = 1,
        .high = 1e9}},
      check_hyperband,
      make_hyperband};
}

}  // namespace coppice
