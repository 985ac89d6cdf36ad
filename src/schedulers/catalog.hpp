/// The schedulers there are: an explicit table. Adding one is a .cpp file and a line in catalog.cpp.
/// The table is constant; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.hpp"
#include "core/scheduler.hpp"

namespace coppice {

/// What of the rest of a study a scheduler depends on.
struct SchedulerSetup {
  std::optional<std::int64_t> max_trials = {};
  std::optional<Step> steps_per_trial = {};
  bool has_wall_time = false;
  bool has_target = false;
  bool deterministic = false;

  bool ends() const { return max_trials || has_wall_time || has_target; }
};

struct SchedulerInfo {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  /// "" where it can be used like this, else one sentence with the fix.
  /// Precondition, here and for `make`: the options fit the table above.
  std::string (*check)(const Options&, const SchedulerSetup&) = nullptr;
  /// Precondition: `check` says "".
  std::unique_ptr<Scheduler> (*make)(const Options&, const SchedulerSetup&) = nullptr;
  /// How many trials from scratch it will begin, or members it has, as far as that is known before; null: the
  /// budget says. Precondition: `check` says "".
  std::optional<std::int64_t> (*planned)(const Options&, const SchedulerSetup&) = nullptr;
  /// Without a limit on the steps of a trial it still gives every segment an end.
  bool open_ended = false;
  /// Stoppers may stand beside it (with_stoppers.hpp).
  bool takes_stoppers = false;
  /// It lets trials begin with the states of others.
  bool clones = false;
};

std::span<const SchedulerInfo> schedulers();
/// Null where there is none of that name.
const SchedulerInfo* find_scheduler(std::string_view name);

/// What Study gets as its limit: the option max_steps, else budget.steps_per_trial, else no limit.
Step steps_per_trial(const Options& options, const SchedulerSetup& setup);

// The entries; each is defined beside its algorithm.
SchedulerInfo fifo_entry();
SchedulerInfo asha_entry();
SchedulerInfo hyperband_entry();
SchedulerInfo ipbt_entry();
SchedulerInfo median_entry();
SchedulerInfo patience_entry();
SchedulerInfo pbt_entry();
SchedulerInfo percentile_entry();
SchedulerInfo sha_entry();
SchedulerInfo threshold_entry();

}  // namespace coppice
