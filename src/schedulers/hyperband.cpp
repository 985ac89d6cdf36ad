/// hyperband: brackets of synchronous successive halving, from many short trials to few long ones. Li et al.,
/// "Hyperband" (JMLR 18, 2018). How a bracket is played: halving.hpp.
#include "schedulers/brackets.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/halving.hpp"
#include "schedulers/rung_options.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

HalvingSettings settings_from(const Options& options, const SchedulerSetup& setup) {
  HalvingSettings settings;
  settings.eta = options.integer("eta", 3);
  const auto sizes =
      options.text("sizes", "formula") == "table" ? BracketSizes::kTable : BracketSizes::kFormula;
  const RungsFrom from = options.text("rungs_from", "last") == "last" ? RungsFrom::kLast : RungsFrom::kFirst;
  settings.plans = hyperband_brackets(steps_per_trial(options, setup), settings.eta, sizes, from);
  settings.re_evaluate = options.integer("re_evaluate", 0);
  if (options.contains("iterations")) settings.iterations = options.integer("iterations", 1);
  return settings;
}

std::string check_hyperband(const Options& options, const SchedulerSetup& setup) {
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  if (std::string again = check_re_evaluate("hyperband", options, setup); !again.empty()) return again;
  return check_step_limit("hyperband", options, setup);
}

std::unique_ptr<Scheduler> make_hyperband(const Options& options, const SchedulerSetup& setup) {
  return std::make_unique<SuccessiveHalving>(settings_from(options, setup));
}

std::optional<std::int64_t> planned_hyperband(const Options& options, const SchedulerSetup& setup) {
  return planned_trials(settings_from(options, setup), setup);
}

}  // namespace

SchedulerInfo hyperband_entry() {
  return {.name = "hyperband",
          .help = "brackets of successive halving, from many short trials to few long ones",
          .options = {max_steps_option("the last rung of every bracket"),
                      eta_option(),
                      {.name = "sizes",
                       .type = OptionType::kText,
                       .help = "formula: Algorithm 1 of the paper; table: its Table 1",
                       .choices = {"formula", "table"}},
                      {.name = "rungs_from",
                       .type = OptionType::kText,
                       .help = "last: max_steps / eta^k steps; first: eta^k, then max_steps",
                       .choices = {"last", "first"}},
                      iterations_option("how often all brackets run"),
                      re_evaluate_option()},
          .check = check_hyperband,
          .make = make_hyperband,
          .planned = planned_hyperband,
          .takes_stoppers = true};
}

}  // namespace coppice
