#include "core/standstill.hpp"

#include "coppice/value.hpp"

namespace coppice {

void Standstill::on_report(TrialId trial, std::optional<Score> score, Step steps, double min_delta) {
  steps_ += steps;
  if (!score || !(*score < kWorst) || !(best_ == kWorst || *score < best_ - min_delta)) return;
  best_ = *score;
  best_trial_ = trial;
  trials_ = 0;
  steps_ = 0;
}

std::optional<std::string> Standstill::too_long(const Patience& patience,
                                                const std::function<std::string(Score)>& value_text) const {
  const bool trials = patience.trials && trials_ >= *patience.trials;
  if (!trials && !(patience.steps && steps_ >= *patience.steps)) return std::nullopt;
  const std::string lasted = trials ? std::to_string(trials_) + (trials_ == 1 ? " trial" : " trials")
                                    : std::to_string(steps_) + (steps_ == 1 ? " step" : " steps");
  if (best_trial_ == kNoTrial) return "patience: no trial had a value in " + lasted;
  return "patience: " + value_text(best_) + " of trial " + std::to_string(best_trial_) +
         " was not improved on" +
         (patience.min_delta > 0 ? " by more than " + to_text(patience.min_delta) : std::string()) + " in " +
         lasted;
}

}  // namespace coppice
