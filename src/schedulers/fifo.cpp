/// fifo: every trial trains to its end, in the order of creation.
#include "core/scheduler.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

class Fifo final : public Scheduler {
 public:
  explicit Fifo(Step until) : until_(until) {}

  void on_reached(SchedulerContext&, TrialId) override {}
  void on_failed(SchedulerContext&, TrialId, FailureCause) override {}

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    const auto limit = context.max_trials();
    if (limit && context.board().fresh() >= *limit) return std::nullopt;
    if (context.awaits_results()) return std::nullopt;
    return NewTrial{kNoMember, until_, "the next in line"};
  }

 private:
  Step until_;
};

std::string check_fifo(const Options&, const SchedulerSetup& setup) {
  if (!setup.ends()) return "fifo would never end: it needs budget.trials, budget.wall_time or budget.target";
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  return "";
}

std::unique_ptr<Scheduler> make_fifo(const Options& options, const SchedulerSetup& setup) {
  return std::make_unique<Fifo>(steps_per_trial(options, setup));
}

}  // namespace

SchedulerInfo fifo_entry() {
  return {.name = "fifo",
          .help = "every trial trains to its end",
          .options = {},
          .check = check_fifo,
          .make = make_fifo,
          .takes_stoppers = true};
}

}  // namespace coppice
