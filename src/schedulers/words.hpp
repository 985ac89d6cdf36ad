/// Words that the reasons and messages of several schedulers share. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "core/scheduler.hpp"

namespace coppice {

inline constexpr std::string_view kTargetIsTiming =
    "budget.target ends a study at a moment that depends on timing; remove it or deterministic";

/// "1 step", "81 steps".
std::string steps_words(Step step);
/// The objective's value, as the user knows it, to four significant digits; "no finite score" for kWorst.
std::string score_words(const SchedulerContext& context, Score score);

}  // namespace coppice
