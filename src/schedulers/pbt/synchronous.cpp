#include <algorithm>
#include <cmath>
#include <deque>

#include "schedulers/pbt/pbt.hpp"

namespace coppice {

namespace {

class SynchronousPbt final : public Pbt {
 public:
  explicit SynchronousPbt(const PbtSettings& settings)
      : Pbt(settings),
        quorum_(static_cast<std::int64_t>(std::ceil(settings.quorum * settings.population - 1e-9))) {}

  void on_reached(SchedulerContext& context, TrialId id) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    take_arrival(context, trial);
    if (population_.at(trial.member).state == MemberState::kWaiting && trial.stands_at <= barrier_) {
      choose(trial.member, trial.stands_at);  // the others did not wait for it
    }
    judge_if_enough_wait(context);
  }

  /// A later failure does not change who may be copied now: that would be a matter of timing.
  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    take_failure(trial, cause);
    if (cause == FailureCause::kOriginLost && population_.at(trial.member).state == MemberState::kFailed) {
      choose(trial.member, barrier_);
    }
    judge_if_enough_wait(context);
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    release_held(context);
    if (const auto id = population_.next_new(); id && may_begin(context)) {
      if (context.awaits_results()) return std::nullopt;
      return begin(context, *id);
    }
    while (!turn_.empty()) {
      const auto [id, step] = turn_.front();
      turn_.pop_front();
      if (auto work = take_turn(context, id, step)) return work;
      judge_if_enough_wait(context);
    }
    return std::nullopt;
  }

 private:
  struct Turn {
    MemberId member = kNoMember;
    Step step = 0;
  };

  std::optional<Work> take_turn(SchedulerContext& context, MemberId id, Step step) {
    if (context.board().trial(population_.at(id).trial).state == TrialState::kFailed) {
      if (const auto donor = donor_for(context, id, step)) return replace(context, id, step, *donor);
      population_.fail(id);
      return std::nullopt;
    }
    if (end_if_hopeless(context, id)) return std::nullopt;
    if (!exploits()) return go_on(context, id, "");
    if (step < settings_.burn_in && !diverged(context, id)) {
      return go_on(context, id, "nobody is copied before step " + std::to_string(settings_.burn_in));
    }
    return judge(context, id, step);
  }

  /// Failed members are waited for no more, and neither are those that are over.
  void judge_if_enough_wait(SchedulerContext& context) {
    if (population_.next_new() && may_begin(context)) return;
    Step barrier = 0;
    Step needed = kOpenEnd;
    std::int64_t under_way = 0;
    for (MemberId id = 0; id < population_.size(); ++id) {
      const Member& member = population_.at(id);
      if (member.state == MemberState::kTraining) {
        ++under_way;
        needed = std::min(needed, context.board().trial(member.trial).until);
      } else if (member.state == MemberState::kChosen) {
        ++under_way;
        needed = std::min(needed, member.judged_at);
      } else if (member.state == MemberState::kWaiting) {
        barrier = member.stands_at;
      }
    }
    // With barrier 0 only failed ones are left.
    if (barrier == 0 || population_.size() - under_way < quorum_) return;
    barrier_ = barrier;
    forget_before(context, std::min(needed, barrier));
    for (MemberId id = 0; id < population_.size(); ++id) {
      const MemberState state = population_.at(id).state;
      if (state == MemberState::kWaiting || state == MemberState::kFailed) choose(id, barrier);
    }
  }

  void choose(MemberId id, Step step) {
    population_.choose(id);
    turn_.push_back({id, step});
  }

  const std::int64_t quorum_;  ///< of members
  Step barrier_ = 0;           ///< the step at which so many were judged last
  std::deque<Turn> turn_;      ///< to be judged, in the order of members
};

}  // namespace

std::unique_ptr<Scheduler> make_synchronous_pbt(const PbtSettings& settings) {
  return std::make_unique<SynchronousPbt>(settings);
}

}  // namespace coppice
