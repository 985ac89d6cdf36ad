#include <algorithm>

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
    if (early) standings_.disqualify(context, trial.member, id);
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    take_failure(trial, cause);
    if (cause != FailureCause::kOriginLost) standings_.disqualify(context, trial.member, id);
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
    const auto waiting = population_.least_advanced(worker);
    const auto failed = replaceable(context);
    if (!failed) return waiting ? std::optional(advance(context, *waiting)) : std::nullopt;
    const auto& [id, step] = *failed;
    if (waiting) {
      const Member& member = population_.at(*waiting);
      const auto key = [&](const Member& m, Step position) {
        return std::tuple(position, context.board().trial(m.trial).worker != worker, m.arrival);
      };
      if (key(member, member.stands_at) < key(population_.at(id), step)) return advance(context, *waiting);
    }
    return replace(context, id, step);
  }

  /// The one that failed first of those for whom there is a donor, and at which step.
  std::optional<std::pair<MemberId, Step>> replaceable(const SchedulerContext& context) const {
    if (population_.failed().empty() || !standings_.donor_step(context, kNoMember)) return std::nullopt;
    for (const auto& [arrival, id] : population_.failed()) {
      if (const auto step = standings_.donor_step(context, id)) return std::pair(id, *step);
    }
    return std::nullopt;
  }

  Work replace(SchedulerContext& context, MemberId id, Step step) {
    return exploit(context, id, step, donor_for(context, id, step).value());
  }

  Work advance(SchedulerContext& context, MemberId id) {
    if (!settings_.exploit) return go_on(context, id);
    const Member& member = population_.at(id);
    const Trial& trial = context.board().trial(member.trial);
    if (trial.last_score(trial.stands_at) == kWorst && !gives_up(member)) {
      if (const auto step = standings_.donor_step(context, id)) return replace(context, id, *step);
    }
    const auto step = standings_.comparable_step(member.judged_at, trial.stands_at);
    return step ? judge(context, id, *step) : go_on(context, id);
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
    standings_.forget_before(context, needed);
  }
};

}  // namespace

std::unique_ptr<Scheduler> make_asynchronous_pbt(const PbtSettings& settings) {
  return std::make_unique<AsynchronousPbt>(settings);
}

}  // namespace coppice
