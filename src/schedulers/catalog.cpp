#include "schedulers/catalog.hpp"

#include <algorithm>
#include <array>

namespace coppice {

std::span<const SchedulerInfo> schedulers() {
  static const std::array entries = {fifo_entry(),   asha_entry(),     hyperband_entry(), ipbt_entry(),
                                     median_entry(), patience_entry(), pbt_entry(),       percentile_entry(),
                                     sha_entry(),    threshold_entry()};
  return entries;
}

const SchedulerInfo* find_scheduler(std::string_view name) {
  const auto entries = schedulers();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [name](const SchedulerInfo& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

Step steps_per_trial(const Options& options, const SchedulerSetup& setup) {
  return options.integer("max_steps", setup.steps_per_trial.value_or(kOpenEnd));
}

}  // namespace coppice
