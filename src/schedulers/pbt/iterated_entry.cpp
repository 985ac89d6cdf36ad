/// The catalog's entry of ipbt: its options, and what is checked of them.
#include "schedulers/catalog.hpp"
#include "schedulers/pbt/explorer_options.hpp"
#include "schedulers/pbt/iterated.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

std::string check_ipbt(const Options& options, const SchedulerSetup& setup) {
  if (!setup.steps_per_trial) return "ipbt needs budget.steps_per_trial";
  const auto begun = 2 * options.integer("population", 0);
  if (setup.max_trials && *setup.max_trials < begun) {
    return "budget.trials " + std::to_string(*setup.max_trials) + " is less than twice ipbt.population, " +
           std::to_string(begun) + ", which begin; raise it, or lower the population";
  }
  if (const std::string wrong = check_explorer_options(options, "ipbt"); !wrong.empty()) return wrong;
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  if (setup.deterministic && explorer_learns(options) && options.number("fresh", 0.5) > 0) {
    const std::string explorer = options.program("explore") != nullptr ? "a program" : "pb2";
    return "ipbt with explore: " + explorer +
           " learns from what those that began afresh have reported by then; "
           "set fresh: 0, or explore: perturb, or remove deterministic";
  }
  return "";
}

std::unique_ptr<Scheduler> make_ipbt(const Options& options, const SchedulerSetup& setup) {
  IteratedSettings settings;
  settings.population = static_cast<std::int32_t>(options.integer("population", 0));
  settings.interval = options.integer("interval", 1);
  settings.steps = steps_per_trial(options, setup);
  settings.quantile = options.number("quantile", 0.25);
  settings.explore = explores(options);
  settings.fresh = options.number("fresh", 0.5);
  return make_iterated_pbt(settings);
}

std::optional<std::int64_t> planned_ipbt(const Options& options, const SchedulerSetup&) {
  return 2 * options.integer("population", 0);
}

}  // namespace

SchedulerInfo ipbt_entry() {
  SchedulerInfo info = {
      "ipbt",
      "population-based training that restarts with twice the interval where it gets no better",
      {{.name = "population",
        .type = OptionType::kInt,
        .help = "members that train side by side; twice as many begin, and the better half stays",
        .required = true,
        .low = 1,
        .high = 100000},
       {.name = "interval",
        .type = OptionType::kInt,
        .help = "steps between two comparisons, until the first restart (1)",
        .low = 1,
        .high = 1e12},
       {.name = "quantile",
        .type = OptionType::kNumber,
        .help = "the part that is replaced, and the part that is copied (0.25)",
        .low = 0,
        .high = 0.5},
       {.name = "fresh",
        .type = OptionType::kNumber,
        .help = "the part that begins afresh at a restart; the others keep their states (0.5)",
        .low = 0,
        .high = 1}},
      check_ipbt,
      make_ipbt,
      planned_ipbt};
  const std::vector<OptionSpec> of_explorer = explorer_options();
  info.options.insert(info.options.end(), of_explorer.begin(), of_explorer.end());
  info.clones = true;
  return info;
}

}  // namespace coppice
