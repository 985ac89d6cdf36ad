/// Synchronous successive halving in brackets, one after the other: what hyperband and sha are made of.
/// Jamieson and Talwalkar, "Non-stochastic Best Arm Identification" (AISTATS 2016); Li et al., "Hyperband"
/// (JMLR 18, 2018).
///
/// A rung is decided when all of its trials stand there or are over; floor(n / eta) of the n go on, at least
/// one. Failed trials count as losers; nothing that failed, has no finite score or has nothing more to train
/// goes on (then fewer do).
///
/// No worker waits while another bracket has work: promotions of the oldest bracket come first, then new
/// trials of the newest one, then the next bracket opens. New trials are begun in a fixed order, so which
/// trial belongs to which bracket, and every decision, depend on results alone, never on timing (without
/// `re_evaluate`: reruns take the next number when they begin, and seeds and proposals follow the number).
///
/// With `re_evaluate`, the best of the last rung but one are measured again before any goes on, and ranked by
/// the mean; then those whom that brings among the best, until all of the best were.
///
/// Where budget.trials or the search space ends within a bracket's first rung, the bracket goes on with those
/// it has.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "core/scheduler.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/re_evaluation.hpp"

namespace coppice {

struct HalvingSettings {
  std::vector<BracketPlan> plans;  ///< one iteration; not empty
  std::int64_t eta = 3;
  std::optional<std::int64_t> iterations;  ///< absent: one in an endless study, else as the budget lasts
  std::int64_t re_evaluate = 0;            ///< how often those are measured again that go on to the last rung
};

class SuccessiveHalving final : public Scheduler {
 public:
  explicit SuccessiveHalving(HalvingSettings settings);

  void on_reached(SchedulerContext& context, TrialId id) override;
  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override;
  std::optional<Work> next(SchedulerContext& context, WorkerId worker) override;

 private:
  struct Entry {
    Ranked ranked;
    bool eligible = false;
  };
  /// A bracket under way: the rung that it fills now, and those who wait to go on to it.
  struct Bracket {
    std::size_t number = 0;  ///< in the order of opening
    const BracketPlan* plan = nullptr;
    std::size_t rung = 0;
    std::int64_t expected = 0;  ///< in this rung; in the first one: begun so far
    std::vector<Entry> entries;
    /// Those of the entries that are being measured again: the rung before `rung` is decided after that.
    std::int64_t measuring = 0;
    std::deque<Continue> promotions;
  };

  static bool is_over(const Bracket& bracket);
  static bool is_begun(const Bracket& bracket);
  void add(SchedulerContext& context, TrialId id, Entry entry);
  void close_if_full(SchedulerContext& context, Bracket& bracket);
  void close_rung(SchedulerContext& context, Bracket& bracket);
  void measure_again(SchedulerContext& context, Bracket& bracket);
  void put_back(SchedulerContext& context, const std::optional<ReEvaluation::Candidate>& candidate);
  void decide_rung(SchedulerContext& context, Bracket& bracket);
  std::string rung_words(const Bracket& bracket) const;
  std::string bracket_words(const Bracket& bracket) const;

  HalvingSettings settings_;
  std::deque<Bracket> brackets_;         ///< all that were opened, oldest first
  std::set<std::size_t> promoting_;      ///< numbers of those with promotions
  std::vector<std::size_t> bracket_of_;  ///< by trial: it begins them all itself
  ReEvaluation re_evaluation_;
};

}  // namespace coppice
