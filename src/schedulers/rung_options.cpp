#include "schedulers/rung_options.hpp"

#include <algorithm>

#include "schedulers/brackets.hpp"

namespace coppice {

namespace {
constexpr auto kMost = static_cast<double>(kMaxRungStep);
}  // namespace

OptionSpec min_steps_option() {
  return {.name = "min_steps",
          .type = OptionType::kInt,
          .help = "the first rung, others eta times as long (all are counted from the last one down)",
          .low = 1,
          .high = kMost};
}

OptionSpec max_steps_option(const std::string& help) {
  return {.name = "max_steps",
          .type = OptionType::kInt,
          .help = help + " (budget.steps_per_trial)",
          .low = 1,
          .high = kMost};
}

OptionSpec eta_option() {
  return {.name = "eta", .type = OptionType::kInt, .help = "one of eta goes on (3)", .low = 2, .high = 1000};
}

OptionSpec iterations_option(const std::string& help) {
  return {.name = "iterations",
          .type = OptionType::kInt,
          .help = help + " (once, or as long as the budget lasts)",
          .low = 1,
          .high = 1e9};
}

OptionSpec re_evaluate_option() {
  return {.name = "re_evaluate",
          .type = OptionType::kInt,
          .help = "how often a trial is measured again before it goes on to the last rung (0)",
          .low = 0,
          .high = 100};
}

std::string check_re_evaluate(const std::string& scheduler, const Options& options,
                              const SchedulerSetup& setup) {
  if (options.integer("re_evaluate", 0) == 0 || !setup.deterministic) return "";
  return scheduler +
         ".re_evaluate numbers its reruns as results come in, and can't be deterministic; "
         "use repeats, or remove one of the two";
}

std::string check_step_limit(const std::string& scheduler, const Options& options,
                             const SchedulerSetup& setup) {
  if (!options.contains("max_steps") && !setup.steps_per_trial) {
    return scheduler + " needs " + scheduler + ".max_steps or budget.steps_per_trial";
  }
  const Step steps = steps_per_trial(options, setup);
  if (setup.steps_per_trial && steps > *setup.steps_per_trial) {
    return scheduler + ".max_steps " + std::to_string(steps) + " is more than budget.steps_per_trial " +
           std::to_string(*setup.steps_per_trial) + "; remove one of the two";
  }
  if (steps > kMaxRungStep) {
    return "a trial of " + std::to_string(steps) + " steps is too long for " + scheduler + "; at most " +
           std::to_string(kMaxRungStep);
  }
  return "";
}

std::string check_min_steps(const std::string& scheduler, const Options& options,
                            const SchedulerSetup& setup) {
  const Step max_steps = steps_per_trial(options, setup);
  const Step min_steps = options.integer("min_steps", 1);
  if (min_steps <= max_steps) return "";
  return scheduler + ".min_steps " + std::to_string(min_steps) + " is more than the " +
         std::to_string(max_steps) + " steps of a trial; lower it";
}

std::vector<Step> steps_of_rungs(const Options& options, const SchedulerSetup& setup) {
  const std::int64_t eta = options.integer("eta", 3);
  const Step last = steps_per_trial(options, setup);
  if (last != kOpenEnd && last >= eta && !options.contains("min_steps"))
    return rung_steps_from_last(last, eta);
  return rung_steps(options.integer("min_steps", 1), std::min(last, kMaxRungStep), eta);
}

std::optional<std::int64_t> planned_trials(const HalvingSettings& settings, const SchedulerSetup& setup) {
  if (setup.ends() && !settings.iterations) return std::nullopt;
  std::int64_t trials = 0;
  for (const BracketPlan& plan : settings.plans) trials += plan.rungs.front().trials;
  const std::int64_t iterations = settings.iterations.value_or(1);
  constexpr std::int64_t kAny = kMaxRungStep;
  const std::int64_t all = trials > kAny / iterations ? kAny : trials * iterations;
  return std::min(all, setup.max_trials.value_or(kAny));
}

}  // namespace coppice
