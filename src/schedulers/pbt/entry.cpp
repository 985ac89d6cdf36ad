/// The catalog's entry of pbt: its options, and what is checked of them.
#include <algorithm>
#include <cmath>

#include "schedulers/catalog.hpp"
#include "schedulers/pbt/explorer_options.hpp"
#include "schedulers/pbt/pbt.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

bool is_synchronous(const Options& options, const SchedulerSetup& setup) {
  return options.flag("synchronous", setup.deterministic);
}

Exploit exploit_of(const Options& options) {
  const std::string rule = options.text("exploit", "truncation");
  if (rule == "tournament") return Exploit::kTournament;
  if (rule == "t_test") return Exploit::kTTest;
  return rule == "none" ? Exploit::kNone : Exploit::kTruncation;
}

std::string check_frequencies(const Options& options) {
  const std::vector<double> frequencies = options.numbers("frequencies", {1});
  const bool whole =
      std::all_of(frequencies.begin(), frequencies.end(), [](double f) { return f == std::floor(f); });
  if (frequencies.empty() || !whole) {
    return "pbt.frequencies are numbers of intervals, whole ones, e.g. [1, 10, 25, 50]";
  }
  const auto least = 2 * std::ssize(frequencies);
  if (frequencies.size() > 1 && options.integer("population", 0) < least) {
    return "pbt.frequencies makes " + std::to_string(frequencies.size()) +
           " groups, of two members at least; " + "raise pbt.population to " + std::to_string(least) +
           ", better to twice that";
  }
  if (frequencies.size() > 1 && exploit_of(options) != Exploit::kTruncation) {
    return "pbt.frequencies compares by truncation; remove exploit";
  }
  return "";
}

std::string check_pbt(const Options& options, const SchedulerSetup& setup) {
  if (!setup.steps_per_trial) return "pbt needs budget.steps_per_trial";
  const auto population = options.integer("population", 0);
  if (setup.max_trials && *setup.max_trials < population) {
    return "budget.trials " + std::to_string(*setup.max_trials) + " is less than pbt.population " +
           std::to_string(population) + "; raise it, or lower the population";
  }
  if (const std::string wrong = check_explorer_options(options, "pbt"); !wrong.empty()) return wrong;
  const bool synchronous = is_synchronous(options, setup);
  if (setup.deterministic && !synchronous) {
    return "pbt with synchronous: false decides by the order of arrival; remove it or deterministic";
  }
  if (!synchronous && options.contains("quorum")) return "pbt.quorum needs synchronous: true";
  if (setup.deterministic && options.number("quorum", 1) < 1) {
    return "pbt with a quorum below 1 decides by the order of arrival; remove it or deterministic";
  }
  if (synchronous && options.contains("backtrack")) {
    return "pbt.backtrack would let all members wait for the one that goes back; set synchronous: false";
  }
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  return check_frequencies(options);
}

std::unique_ptr<Scheduler> make_pbt(const Options& options, const SchedulerSetup& setup) {
  PbtSettings settings;
  settings.population = static_cast<std::int32_t>(options.integer("population", 0));
  settings.interval = options.integer("interval", 1);
  settings.steps = steps_per_trial(options, setup);
  settings.quantile = options.number("quantile", 0.25);
  settings.exploit = exploit_of(options);
  settings.explore = explores(options);
  settings.burn_in = options.integer("burn_in", 0);
  settings.quorum = options.number("quorum", 1);
  if (options.contains("backtrack")) settings.backtrack = static_cast<int>(options.integer("backtrack", 1));
  settings.periods.clear();
  for (const double intervals : options.numbers("frequencies", {1})) {
    settings.periods.push_back(static_cast<Step>(intervals));
  }
  return is_synchronous(options, setup) ? make_synchronous_pbt(settings) : make_asynchronous_pbt(settings);
}

std::optional<std::int64_t> planned_pbt(const Options& options, const SchedulerSetup&) {
  return options.integer("population", 0);
}

}  // namespace

SchedulerInfo pbt_entry() {
  SchedulerInfo info = {
      "pbt",
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
       {.name = "exploit",
        .type = OptionType::kText,
        .help = "truncation: the worst copy the best; tournament: the worse of two copies the other; "
                "t_test: only where their last reports differ; none: nobody is copied",
        .choices = {"truncation", "tournament", "t_test", "none"}},
       {.name = "burn_in",
        .type = OptionType::kInt,
        .help = "steps before which nobody gives way to a better one (0)",
        .low = 0,
        .high = 1e12},
       {.name = "backtrack",
        .type = OptionType::kInt,
        .help = "after so many intervals without a new best, clones begin from the best state ever (never)",
        .low = 1,
        .high = 1e9},
       {.name = "frequencies",
        .type = OptionType::kNumbers,
        .help = "one group of members for each, compared every so many intervals ([1])",
        .low = 1,
        .high = 1e6},
       {.name = "synchronous",
        .type = OptionType::kBool,
        .help = "members wait for each other at every interval (false; true where deterministic)"},
       {.name = "quorum",
        .type = OptionType::kNumber,
        .help = "synchronous: the share of members that is waited for (1)",
        .low = 0.5,
        .high = 1}},
      check_pbt,
      make_pbt,
      planned_pbt};
  const std::vector<OptionSpec> of_explorer = explorer_options();
  info.options.insert(info.options.end(), of_explorer.begin(), of_explorer.end());
  info.clones = true;
  return info;
}

}  // namespace coppice
