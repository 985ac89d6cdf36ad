#include "schedulers/words.hpp"

#include <array>
#include <cstdio>

#include "schedulers/brackets.hpp"

namespace coppice {

std::string steps_words(Step step) {
  return std::to_string(step) + (step == 1 ? " step" : " steps");
}

std::string score_words(const SchedulerContext& context, Score score) {
  if (score == kWorst) return "no finite score";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", context.value_of(score));
  return text.data();
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

}  // namespace coppice
