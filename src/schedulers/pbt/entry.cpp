/// The catalog's entry of pbt: its options, and what is checked of them.
#include "schedulers/catalog.hpp"
#include "schedulers/pbt/pbt.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

bool is_synchronous(const Options& options, const SchedulerSetup& setup) {
  return options.flag("synchronous", setup.deterministic);
}

std::string check_pbt(const Options& options, const SchedulerSetup& setup) {
  if (!setup.steps_per_trial) return "pbt needs budget.steps_per_trial";
  const auto population = options.integer("population", 0);
  if (setup.max_trials && *setup.max_trials < population) {
    return "budget.trials " + std::to_string(*setup.max_trials) + " is less than pbt.population " +
           std::to_string(population) + "; raise it, or lower the population";
  }
  if (options.numbers("factors", {1}).empty())
    return "pbt.factors is empty; name at least one, e.g. [0.8, 1.2]";
  if (setup.deterministic && !is_synchronous(options, setup)) {
    return "pbt with synchronous: false decides by the order of arrival; remove it or deterministic";
  }
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  return "";
}

std::unique_ptr<Scheduler> make_pbt(const Options& options, const SchedulerSetup& setup) {
  PbtSettings settings;
  settings.population = static_cast<std::int32_t>(options.integer("population", 0));
  settings.interval = options.integer("interval", 1);
  settings.steps = steps_per_trial(options, setup);
  settings.quantile = options.number("quantile", 0.25);
  settings.exploit = options.text("exploit", "truncation") == "truncation";
  settings.explore = options.text("explore", "perturb") != "none";
  return is_synchronous(options, setup) ? make_synchronous_pbt(settings) : make_asynchronous_pbt(settings);
}

std::optional<std::int64_t> planned_pbt(const Options& options, const SchedulerSetup&) {
  return options.integer("population", 0);
}

}  // namespace

SchedulerInfo pbt_entry() {
  return {"pbt",
          "population-based training: the worst members go on from the best ones' states",
          {{.name = "population",
            .type = OptionType::kInt,
            .help = "members that train side by side",
            .required = true,
            .low = 1,
            .high = 100000},
           {.name = "interval",
            .type = OptionType::kInt,
            .help = "steps between two decisions (1)",
            .low = 1,
            .high = 1e12},
           {.name = "quantile",
            .type = OptionType::kNumber,
            .help = "the part that is replaced, and the part that is copied (0.25)",
            .low = 0,
            .high = 0.5},
           {.name = "resample_probability",
            .type = OptionType::kNumber,
            .help = "of each hyperparameter, when it is perturbed (0.25)",
            .low = 0,
            .high = 1},
           {.name = "factors",
            .type = OptionType::kNumbers,
            .help = "one of which a hyperparameter is perturbed by ([0.8, 1.2])",
            .low = 0.01,
            .high = 100},
           {.name = "exploit",
            .type = OptionType::kText,
            .help = "truncation: the worst copy the best; none: nobody is copied",
            .choices = {"truncation", "none"}},
           {.name = "explore",
            .type = OptionType::kText,
            .help = "what becomes of a clone's hyperparameters: perturb, resample, or none: it keeps its own",
            .choices = {"perturb", "resample", "none"}},
           {.name = "synchronous",
            .type = OptionType::kBool,
            .help = "members wait for each other at every interval (false; true where deterministic)"}},
          check_pbt,
          make_pbt,
          planned_pbt};
}

}  // namespace coppice
