/// What schedulers with rungs share of their options. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/halving.hpp"

namespace coppice {

OptionSpec min_steps_option();
OptionSpec max_steps_option(const std::string& help);
OptionSpec eta_option();
OptionSpec iterations_option(const std::string& help);
OptionSpec re_evaluate_option();

/// "", or what is wrong with the option max_steps and budget.steps_per_trial.
std::string check_step_limit(const std::string& scheduler, const Options& options,
                             const SchedulerSetup& setup);
/// "", or why min_steps doesn't fit. Precondition: check_step_limit says "".
std::string check_min_steps(const std::string& scheduler, const Options& options,
                            const SchedulerSetup& setup);

/// Rungs of one kind of bracket: from the last one down; from min_steps (1) up where that is given, where
/// there is no last one, and where trials are shorter than eta, as the last would be the only one.
/// Precondition: where there is a last one, check_step_limit and check_min_steps say "".
std::vector<Step> steps_of_rungs(const Options& options, const SchedulerSetup& setup);

/// "", or why re_evaluate can't be had.
std::string check_re_evaluate(const std::string& scheduler, const Options& options,
                              const SchedulerSetup& setup);

/// How many trials from scratch a halving begins; nothing where the budget decides.
std::optional<std::int64_t> planned_trials(const HalvingSettings& settings, const SchedulerSetup& setup);

}  // namespace coppice
