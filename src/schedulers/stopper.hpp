/// A stopper ends trials early: it looks at each report and says which trial has seen enough. It neither
/// begins nor promotes any: that is its scheduler's. By itself it is a scheduler that trains trials in line
/// and stops those; beside another one it is a further reason to end a trial (with_stoppers.hpp).
///
/// Whatever it says is about the trial that has just reported. One thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.hpp"
#include "core/scheduler.hpp"

namespace coppice {

class Stopper {
 public:
  Stopper() = default;
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;
  virtual ~Stopper() = default;

  /// `trial` has reported a step with the objective. Why it is to be stopped, with the numbers; nothing where
  /// it goes on. Called for each such report, also of a trial that is not to be stopped any more.
  virtual std::optional<std::string> on_report(const SchedulerContext& context, const Trial& trial) = 0;
};

struct StopperInfo {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  /// It compares a trial with others, so that it matters which of them came first.
  bool by_arrival = false;
  /// What the table of options can't say, as `check_stopper`.
  std::string (*check)(const Options&) = nullptr;
  /// Precondition: `check_stopper` says "".
  std::unique_ptr<Stopper> (*make)(const Options&) = nullptr;
};

/// The stoppers there are: an explicit table, as that of the schedulers.
std::span<const StopperInfo> stoppers();
/// "" where it can be used like this, else one sentence with the fix.
std::string check_stopper(const StopperInfo& stopper, const Options& options, bool deterministic);
/// Null where there is none of that name.
const StopperInfo* find_stopper(std::string_view name);

// The entries; each is defined beside its algorithm.
StopperInfo median_stopper();
StopperInfo patience_stopper();
StopperInfo percentile_stopper();
StopperInfo threshold_stopper();

}  // namespace coppice
