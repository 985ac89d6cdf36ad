#include "schedulers/words.hpp"

#include <array>
#include <cstdio>

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

}  // namespace coppice
