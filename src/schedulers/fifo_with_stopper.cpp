/// median, percentile, patience and threshold as schedulers: fifo, with that stopper beside it.
#include "core/scheduler.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/stopper.hpp"
#include "schedulers/with_stoppers.hpp"

namespace coppice {

namespace {

template <StopperInfo (*Entry)()>
std::string check_entry(const Options& options, const SchedulerSetup& setup) {
  const StopperInfo stopper = Entry();
  if (!setup.ends()) {
    return stopper.name + " would never end: it needs budget.trials, budget.wall_time or budget.target";
  }
  if (std::string problem = check_stopper(stopper, options, setup.deterministic); !problem.empty())
    return problem;
  return fifo_entry().check(options, setup);
}

template <StopperInfo (*Entry)()>
std::unique_ptr<Scheduler> make_entry(const Options& options, const SchedulerSetup& setup) {
  std::vector<std::unique_ptr<Stopper>> stoppers;
  stoppers.push_back(Entry().make(options));
  return with_stoppers(fifo_entry().make(options, setup), std::move(stoppers),
                       steps_per_trial(options, setup));
}

template <StopperInfo (*Entry)()>
SchedulerInfo entry_of() {
  const StopperInfo stopper = Entry();
  return {.name = stopper.name,
          .help = stopper.help,
          .options = stopper.options,
          .check = check_entry<Entry>,
          .make = make_entry<Entry>,
          .takes_stoppers = true};
}

}  // namespace

SchedulerInfo median_entry() {
  return entry_of<median_stopper>();
}
SchedulerInfo patience_entry() {
  return entry_of<patience_stopper>();
}
SchedulerInfo percentile_entry() {
  return entry_of<percentile_stopper>();
}
SchedulerInfo threshold_entry() {
  return entry_of<threshold_stopper>();
}

}  // namespace coppice
