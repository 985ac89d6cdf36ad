/// Words that the reasons and messages of several schedulers share. Pure functions.
#pragma once

#include <string>

#include "core/scheduler.hpp"
#include "schedulers/catalog.hpp"

namespace coppice {

/// "1 step", "81 steps".
std::string steps_words(Step step);
/// The objective's value, as the user knows it, to four significant digits; "no finite score" for kWorst.
std::string score_words(const SchedulerContext& context, Score score);
/// For schedulers with rungs: "", or what is wrong with the option max_steps and budget.steps_per_trial.
std::string check_step_limit(const std::string& scheduler, const Options& options,
                             const SchedulerSetup& setup);

}  // namespace coppice
