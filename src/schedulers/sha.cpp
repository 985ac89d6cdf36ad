/// sha: synchronous successive halving, one kind of bracket again and again. Jamieson and Talwalkar,
/// "Non-stochastic Best Arm Identification" (AISTATS 2016). How a bracket is played: halving.hpp; while one
/// waits for its last trials, the next one opens, if there is to be one.
#include <vector>

#include "core/check.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/halving.hpp"
#include "schedulers/rung_options.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

/// As many as leave one for the last rung: eta^(rungs - 1).
std::int64_t usual_trials(std::size_t rungs, std::int64_t eta) {
  std::int64_t trials = 1;
  for (std::size_t rung = 1; rung < rungs; ++rung) trials *= eta;  // at most eta * max_steps, 1e15
  return trials;
}

HalvingSettings settings_from(const Options& options, const SchedulerSetup& setup) {
  HalvingSettings settings;
  settings.eta = options.integer("eta", 3);
  check(steps_per_trial(options, setup) != kOpenEnd, "sha has a last rung");
  const std::vector<Step> steps = steps_of_rungs(options, setup);
  BracketPlan plan;
  plan.s = std::ssize(steps) - 1;
  std::int64_t trials = options.integer("trials", usual_trials(steps.size(), settings.eta));
  for (const Step step : steps) {
    plan.rungs.push_back({step, trials});
    trials = survivors(trials, settings.eta);
  }
  settings.plans.push_back(std::move(plan));
  settings.re_evaluate = options.integer("re_evaluate", 0);
  if (options.contains("iterations")) settings.iterations = options.integer("iterations", 1);
  return settings;
}

std::string check_sha(const Options& options, const SchedulerSetup& setup) {
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  if (std::string again = check_re_evaluate("sha", options, setup); !again.empty()) return again;
  const std::string limit = check_step_limit("sha", options, setup);
  return limit.empty() ? check_min_steps("sha", options, setup) : limit;
}

std::unique_ptr<Scheduler> make_sha(const Options& options, const SchedulerSetup& setup) {
  return std::make_unique<SuccessiveHalving>(settings_from(options, setup));
}

std::optional<std::int64_t> planned_sha(const Options& options, const SchedulerSetup& setup) {
  return planned_trials(settings_from(options, setup), setup);
}

}  // namespace

SchedulerInfo sha_entry() {
  return {.name = "sha",
          .help = "synchronous successive halving: the best 1/eta of a full rung go on",
          .options = {min_steps_option(),
                      max_steps_option("the last rung"),
                      eta_option(),
                      {.name = "trials",
                       .type = OptionType::kInt,
                       .help = "how many begin (as many as leave one for the last rung)",
                       .low = 1,
                       .high = 1e9},
                      iterations_option("how often it is done"),
                      re_evaluate_option()},
          .check = check_sha,
          .make = make_sha,
          .planned = planned_sha,
          .takes_stoppers = true};
}

}  // namespace coppice
