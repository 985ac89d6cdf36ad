#include <algorithm>
#include <tuple>
#include <utility>

#include "schedulers/pbt/pbt.hpp"

namespace coppice {

namespace {

class AsynchronousPbt final : public Pbt {
 public:
  explicit AsynchronousPbt(const PbtSettings& settings) : Pbt(settings) {}

  void on_reached(SchedulerContext& context, TrialId id) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    take_arrival(context, trial);
    // It ended early: what follows from its states would end there too.
    const bool early = trial.state == TrialState::kComplete && trial.stands_at < settings_.steps;
    if (early) standings_of(trial.member).disqualify(context, trial.member, id);
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    take_failure(trial, cause);
    if (cause == FailureCause::kOriginLost) return;
    standings_of(trial.member).disqualify(context, trial.member, id);
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId worker) override {
    release_held(context);
    std::optional<Work> work = next_least_advanced(context, worker);
    forget_judged(context);
    return work;
  }

 private:
  /// New members first, then whoever would train from the earliest step: one that waits, or one that failed.
  std::optional<Work> next_least_advanced(SchedulerContext& context, WorkerId worker) {
    if (const auto id = population_.next_new(); id && may_begin(context)) return begin(context, *id);
    auto waiting = population_.least_advanced(worker);
    while (waiting && end_if_hopeless(context, *waiting)) waiting = population_.least_advanced(worker);
    const auto failed = replaceable(context);
    if (!failed) return waiting ? std::optional(advance(context, *waiting)) : std::nullopt;
    const auto& [id, step] = *failed;
    const auto key = [&](const Member& member, Step position) {
      return std::tuple(position, context.board().trial(member.trial).worker != worker, member.arrival);
    };
    if (waiting) {
      const Member& member = population_.at(*waiting);
      if (key(member, member.stands_at) < key(population_.at(id), step)) return advance(context, *waiting);
    }
    return replace(context, id, step, donor_for(context, id, step).value());
  }

  /// The one that failed first of those for whom there is a donor, and at which step.
  std::optional<std::pair<MemberId, Step>> replaceable(const SchedulerContext& context) const {
    std::vector<bool> without_donors(groups());
    for (const auto& [arrival, id] : population_.failed()) {
      if (without_donors[group_of(id)]) continue;
      if (const auto step = standings_of(id).donor_step(context, id)) return std::pair(id, *step);
      without_donors[group_of(id)] = !standings_of(id).donor_step(context, kNoMember);
    }
    return std::nullopt;
  }

  Work advance(SchedulerContext& context, MemberId id) {
    if (!exploits()) return go_on(context, id, "");
    const Member& member = population_.at(id);
    if (diverged(context, id)) {
      const auto step = standings_of(id).donor_step(context, id);
      if (step) return replace(context, id, *step, donor_for(context, id, *step).value());
    }
    if (member.stands_at < settings_.burn_in) {
      return go_on(context, id, "nobody is copied before step " + std::to_string(settings_.burn_in));
    }
    const auto step = standings_of(id).comparable_step(std::max(member.judged_at, settings_.burn_in - 1),
                                                       member.stands_at, period_of(id));
    return step ? judge(context, id, *step) : go_on(context, id, "no one to compare with yet");
  }

  /// Lets go of the steps at which nobody will be judged any more.
  void forget_judged(SchedulerContext& context) {
    Step needed = kOpenEnd;
    for (MemberId id = 0; id < population_.size(); ++id) {
      const Member& member = population_.at(id);
      if (member.state == MemberState::kOver || member.state == MemberState::kFailed) continue;
      needed = std::min(needed, member.judged_at);
    }
    if (const auto failed = replaceable(context)) needed = std::min(needed, failed->second);
    forget_before(context, needed);
  }
};

}  // namespace

std::unique_ptr<Scheduler> make_asynchronous_pbt(const PbtSettings& settings) {
  return std::make_unique<AsynchronousPbt>(settings);
}

}  // namespace coppice
