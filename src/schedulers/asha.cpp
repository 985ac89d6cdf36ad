/// asha: asynchronous successive halving. Li et al., "A System for Massively Parallel Hyperparameter Tuning"
/// (MLSys 2020, arXiv 1810.05934). Its options; how it decides: asha_promotion.cpp and asha_stopping.cpp.
///
/// Departures from the paper: with `brackets` > 1, a new trial's bracket (bracket b begins at rung b) is
/// drawn in proportion to the sizes that Hyperband gives their first rungs, by the trial's number alone. And
/// without `min_steps` rungs are counted from the last one down, as in Hyperband, so that the last one, too,
/// is eta times as long as the one before.
#include "schedulers/asha.hpp"

#include <numeric>

#include "coppice/rng.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/rung_options.hpp"
#include "schedulers/words.hpp"

namespace coppice {

std::size_t draw_bracket(const AshaSettings& settings, const SchedulerContext& context) {
  const auto& weights = settings.weights;
  const auto total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  Rng rng(context.seed(), Purpose::kBracket, static_cast<std::uint64_t>(context.board().size()));
  auto ticket = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(total)));
  std::size_t bracket = 0;
  while (ticket >= weights[bracket]) ticket -= weights[bracket++];
  return bracket;
}

std::string bracket_words(const AshaSettings& settings, std::size_t bracket) {
  return settings.weights.size() > 1 ? "bracket " + std::to_string(bracket) + ", " : "";
}

std::string rung_words(const AshaSettings& settings, std::size_t rung) {
  return "rung " + std::to_string(rung) + " (" + steps_words(settings.steps[rung]) + ")";
}

namespace {

bool is_stopping(const Options& options) {
  return options.text("type", "promotion") == "stopping";
}

bool has_horizon(const Options& options, const SchedulerSetup& setup) {
  return steps_per_trial(options, setup) != kOpenEnd;
}

AshaSettings settings_from(const Options& options, const SchedulerSetup& setup) {
  AshaSettings settings;
  settings.eta = options.integer("eta", 3);
  settings.steps = steps_of_rungs(options, setup);
  settings.re_evaluate = options.integer("re_evaluate", 0);
  settings.progressive = options.flag("pasha", false);
  const auto brackets = static_cast<std::size_t>(options.integer("brackets", 1));
  if (brackets == 1) {
    settings.weights = {1};
    return settings;
  }
  const auto rungs = static_cast<std::int64_t>(settings.steps.size());
  std::int64_t power = 1;
  for (std::int64_t s = 0; s < rungs; ++s, power *= settings.eta) {
    // Bracket b is Hyperband's bracket s = rungs - 1 - b.
    settings.weights.insert(settings.weights.begin(), (rungs * power + s) / (s + 1));
  }
  settings.weights.resize(brackets);
  return settings;
}

std::string check_end(const Options& options, const SchedulerSetup& setup) {
  if (!setup.ends()) return "asha would never end: it needs budget.trials, budget.wall_time or budget.target";
  if (has_horizon(options, setup) || setup.has_wall_time || setup.has_target || !is_stopping(options))
    return "";
  return "asha of type stopping trains the best trial for ever: it needs asha.max_steps, "
         "budget.steps_per_trial, budget.wall_time or budget.target";
}

std::string check_brackets(const Options& options, const SchedulerSetup& setup) {
  const auto brackets = options.integer("brackets", 1);
  if (brackets == 1) return "";
  if (options.flag("pasha", false)) return "asha.pasha has one bracket; remove brackets or pasha";
  if (!has_horizon(options, setup)) {
    return "asha.brackets needs asha.max_steps or budget.steps_per_trial, as there is no last rung without";
  }
  const auto rungs = std::ssize(steps_of_rungs(options, setup));
  if (brackets <= rungs) return "";
  return "asha.brackets " + std::to_string(brackets) + " is more than the " + std::to_string(rungs) +
         " rungs of " + std::to_string(steps_per_trial(options, setup)) + " steps; lower it";
}

std::string check_reruns(const Options& options, const SchedulerSetup& setup) {
  if (options.integer("re_evaluate", 0) == 0) return "";
  if (is_stopping(options)) return "asha.re_evaluate is for type: promotion; remove one of the two";
  if (has_horizon(options, setup)) return "";
  return "asha.re_evaluate needs asha.max_steps or budget.steps_per_trial, as there is no last rung without";
}

std::string check_asha(const Options& options, const SchedulerSetup& setup) {
  if (setup.deterministic) {
    return "asha decides by the order of arrival and can't be deterministic; use hyperband, or remove "
           "deterministic";
  }
  if (options.flag("pasha", false) && is_stopping(options)) {
    return "asha.pasha is for type: promotion; remove one of the two";
  }
  if (std::string again = check_reruns(options, setup); !again.empty()) return again;
  if (std::string end = check_end(options, setup); !end.empty()) return end;
  if (has_horizon(options, setup)) {
    if (std::string limit = check_step_limit("asha", options, setup); !limit.empty()) return limit;
    if (std::string first = check_min_steps("asha", options, setup); !first.empty()) return first;
  }
  return check_brackets(options, setup);
}

std::unique_ptr<Scheduler> make_asha(const Options& options, const SchedulerSetup& setup) {
  AshaSettings settings = settings_from(options, setup);
  return is_stopping(options) ? make_asha_stopping(std::move(settings))
                              : make_asha_promotion(std::move(settings));
}

}  // namespace

SchedulerInfo asha_entry() {
  return {.name = "asha",
          .help = "asynchronous successive halving: the best 1/eta of each rung go on, nobody waits",
          .options = {min_steps_option(),
                      max_steps_option("the last rung; without a limit there is always a next one"),
                      eta_option(),
                      {.name = "brackets",
                       .type = OptionType::kInt,
                       .help = "bracket b begins at rung b (1)",
                       .low = 1,
                       .high = 64},
                      {.name = "type",
                       .type = OptionType::kText,
                       .help = "promotion: trials pause at rungs; stopping: they go on or end",
                       .choices = {"promotion", "stopping"}},
                      {.name = "pasha",
                       .type = OptionType::kBool,
                       .help = "open the next rung only where the last two rank trials differently (false)"},
                      re_evaluate_option()},
          .check = check_asha,
          .make = make_asha,
          .open_ended = true,
          .takes_stoppers = true};
}

}  // namespace coppice
