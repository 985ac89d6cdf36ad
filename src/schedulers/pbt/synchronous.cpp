#include <deque>

#include "schedulers/pbt/pbt.hpp"

namespace coppice {

namespace {

class SynchronousPbt final : public Pbt {
 public:
  explicit SynchronousPbt(const PbtSettings& settings) : Pbt(settings) {}

  void on_reached(SchedulerContext& context, TrialId id) override {
    release_held(context);
    take_arrival(context, context.board().trial(id));
    judge_if_all_wait(context);
  }

  /// A later failure does not change who may be copied now: that would be a matter of timing.
  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    take_failure(trial, cause);
    if (cause == FailureCause::kOriginLost && population_.at(trial.member).state == MemberState::kFailed) {
      choose(trial.member);
    } else {
      judge_if_all_wait(context);
    }
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    release_held(context);
    if (const auto id = population_.next_new(); id && may_begin(context)) return begin(context, *id);
    while (!turn_.empty()) {
      const MemberId id = turn_.front();
      turn_.pop_front();
      if (!settings_.exploit) return go_on(context, id);
      if (context.board().trial(population_.at(id).trial).state != TrialState::kFailed)
        return judge(context, id, barrier_);
      if (const auto donor = donor_for(context, id, barrier_)) return exploit(context, id, barrier_, *donor);
      population_.fail(id);
      judge_if_all_wait(context);
    }
    return std::nullopt;
  }

 private:
  void judge_if_all_wait(SchedulerContext& context) {
    if (population_.next_new() && may_begin(context)) return;
    Step barrier = 0;
    for (MemberId id = 0; id < population_.size(); ++id) {
      const Member& member = population_.at(id);
      if (member.state == MemberState::kTraining || member.state == MemberState::kChosen) return;
      if (member.state == MemberState::kWaiting) barrier = member.stands_at;
    }
    if (barrier == 0) return;  // only failed ones are left
    barrier_ = barrier;
    standings_.forget_before(context, barrier);
    for (MemberId id = 0; id < population_.size(); ++id) {
      const MemberState state = population_.at(id).state;
      if (state == MemberState::kWaiting || state == MemberState::kFailed) choose(id);
    }
  }

  void choose(MemberId id) {
    population_.choose(id);
    turn_.push_back(id);
  }

  Step barrier_ = 0;           ///< the step at which all were judged last
  std::deque<MemberId> turn_;  ///< judged there, in the order of members
};

}  // namespace

std::unique_ptr<Scheduler> make_synchronous_pbt(const PbtSettings& settings) {
  return std::make_unique<SynchronousPbt>(settings);
}

}  // namespace coppice
