#include "schedulers/with_stoppers.hpp"

#include <utility>

namespace coppice {

namespace {

class WithStoppers final : public Scheduler {
 public:
  WithStoppers(std::unique_ptr<Scheduler> scheduler, std::vector<std::unique_ptr<Stopper>> stoppers,
               Step steps)
      : scheduler_(std::move(scheduler)), stoppers_(std::move(stoppers)), steps_(steps) {}

  void on_report(SchedulerContext& context, TrialId id) override {
    const Trial& trial = context.board().trial(id);
    if (trial.is_rerun())
      return scheduler_->on_report(context, id);  // its score counts at the last step alone
    const auto reason = reason_to_stop(context, trial);
    if (!reason) return scheduler_->on_report(context, id);
    context.stop(id, *reason);
    scheduler_->on_reached(context, id);
  }

  void on_reached(SchedulerContext& context, TrialId id) override { scheduler_->on_reached(context, id); }
  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    scheduler_->on_failed(context, id, cause);
  }
  std::optional<Work> next(SchedulerContext& context, WorkerId worker) override {
    return scheduler_->next(context, worker);
  }

 private:
  std::optional<std::string> reason_to_stop(const SchedulerContext& context, const Trial& trial) {
    if (trial.curve.empty() || trial.curve.back().step != trial.steps) return std::nullopt;
    std::optional<std::string> first;
    for (const auto& stopper : stoppers_) {  // all of them see it, as they learn from it
      auto reason = stopper->on_report(context, trial);
      if (!first) first = std::move(reason);
    }
    return trial.steps < steps_ ? first : std::nullopt;
  }

  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Stopper>> stoppers_;
  Step steps_;
};

}  // namespace

std::unique_ptr<Scheduler> with_stoppers(std::unique_ptr<Scheduler> scheduler,
                                         std::vector<std::unique_ptr<Stopper>> stoppers, Step steps) {
  return std::make_unique<WithStoppers>(std::move(scheduler), std::move(stoppers), steps);
}

}  // namespace coppice
