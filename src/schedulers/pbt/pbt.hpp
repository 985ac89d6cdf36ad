/// Population-based training: what both of its ways to take turns have in common. Jaderberg et al. (2017),
/// arXiv 1711.09846. See src/schedulers/pbt/README.md.
///
/// A population of members trains in segments of `interval` steps. A member that gives way at some step, by
/// the exploit rule, is replaced by a clone that begins from the donor's state *at that same step*; an
/// explorer gives it other hyperparameters. So scores are only ever compared at equal steps, and a score
/// belongs to the state that it was measured on. Ties go to the older trial. Nothing is decided at the last
/// step.
///
/// Groups (multiple frequencies: MF-PBT) are populations of their own, each compared at multiples of its own
/// period; the third quarter of one takes over better states from others.
///
/// A member without a finite score is replaced whatever its rank, and a failed one as soon as there is a
/// donor, but after kMaxFailures failures in a row it ends. With `exploit: none` nobody is copied: a failed
/// member ends.
///
/// One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "schedulers/pbt/population.hpp"
#include "schedulers/pbt/settings.hpp"
#include "schedulers/pbt/standings.hpp"

namespace coppice {

/// A member is judged when a worker is free for it (the least advanced member first), at the largest step
/// that it has passed since it was judged last and at which at least half of the members have scores. So
/// nobody waits; a member that is ahead may be judged at a step behind it, and then its clone begins there.
/// States of possible donors are held for each ready step from the one at which the least recently judged
/// member was judged to the most advanced one: at most k for each, by truncation, else of all members.
std::unique_ptr<Scheduler> make_asynchronous_pbt(const PbtSettings& settings);

/// Members wait for each other at each interval and are judged together, in the order of members: every
/// decision then depends on results alone. With a quorum below 1 they wait only until so large a share of
/// them is there, and the others are judged as they come: at the same step, among the same members.
std::unique_ptr<Scheduler> make_synchronous_pbt(const PbtSettings& settings);

class Pbt : public Scheduler {
 protected:
  /// Trials of a member in a row that failed or lost their finite score before they came further than the
  /// member ever was: then copying does not help, and would go on for ever.
  static constexpr int kMaxFailures = 3;

  explicit Pbt(const PbtSettings& settings);

  /// Takes down that the trial has come to the end of its segment.
  void take_arrival(SchedulerContext& context, const Trial& trial);
  /// Takes down that the trial has failed; its member ends or waits for a donor.
  void take_failure(const Trial& trial, FailureCause cause);

  static bool may_begin(const SchedulerContext& context);
  bool gives_up(const Member& member) const { return member.failures >= kMaxFailures; }
  bool exploits() const { return settings_.exploit != Exploit::kNone; }
  /// Whether it waits at a step without a finite score.
  bool diverged(const SchedulerContext& context, MemberId id) const;
  /// Ends a member that has diverged again and again. Returns whether it did.
  bool end_if_hopeless(SchedulerContext& context, MemberId id);

  std::size_t groups() const { return groups_.size(); }
  std::size_t group_of(MemberId id) const { return static_cast<std::size_t>(id) % groups_.size(); }
  Step period_of(MemberId id) const { return settings_.periods[group_of(id)] * settings_.interval; }
  Standings& standings_of(MemberId id) { return groups_[group_of(id)]; }
  const Standings& standings_of(MemberId id) const { return groups_[group_of(id)]; }
  void forget_before(SchedulerContext& context, Step step);

  // The moves: each gives the member's next work, after which it trains.
  Work begin(const SchedulerContext& context, MemberId id);
  /// By its place at `step`, where it has an entry.
  Work judge(SchedulerContext& context, MemberId id, Step step);
  /// Without a comparison: with hyperparameters explored, where nobody is copied.
  Work go_on(SchedulerContext& context, MemberId id, const std::string& why);
  /// A member that has no rank to be judged by takes over the state of `donor`.
  Work replace(SchedulerContext& context, MemberId id, Step step, const Standing& donor);

  /// Whose state at `step` a member without a rank may take over.
  std::optional<Standing> donor_for(const SchedulerContext& context, MemberId id, Step step) const;
  /// To be called first of all: what was held for the last move has been taken up by now.
  void release_held(SchedulerContext& context);

  const PbtSettings settings_;
  Population population_;

 private:
  struct BestEver {
    Ranked ranked;
    Step step = 0;
    std::int64_t uses = 0;
  };

  void offer_best(SchedulerContext& context, const Trial& trial, Score score);
  bool returns_to_best(const SchedulerContext& context, Step step, const Ranked& donor) const;
  std::optional<Standing> migrant(const SchedulerContext& context, Step step, const Standing& own) const;
  Work exploit(SchedulerContext& context, MemberId id, Step step, const Standing& donor,
               const std::string& place);
  TrialId base_for(MemberId id, Step step, const Standing& donor) const;
  Rng donor_rng(const SchedulerContext& context, MemberId id, Step step) const;
  Step segment_end(Step from) const;
  Work train_on(const SchedulerContext& context, MemberId id, std::string reason);
  Work clone(const SchedulerContext& context, MemberId id, Origin origin, TrialId base, DecisionKind kind,
             std::string reason);

  std::vector<Standings> groups_;
  std::vector<Origin> held_;      ///< own states of those that go on from them
  std::optional<BestEver> best_;  ///< held; only where clones may return to it
};

}  // namespace coppice
