/// patience: a trial is stopped that has not got better for a number of steps. Each trial is held to its own
/// past alone, so it doesn't matter what others do. A value that isn't finite is no better one.
#include <vector>

#include "schedulers/stopper.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

struct PatienceSettings {
  Step steps = 1;
  double min_delta = 0;
  Step min_steps = 0;
};

class Patience final : public Stopper {
 public:
  explicit Patience(PatienceSettings settings) : settings_(settings) {}

  std::optional<std::string> on_report(const SchedulerContext& context, const Trial& trial) override {
    const auto index = static_cast<std::size_t>(trial.id);
    if (index >= best_.size()) best_.resize(index + 1);
    CurvePoint& best = best_[index];
    const CurvePoint& now = trial.curve.back();
    if (best.step == 0) best = {trial.first_step() - 1, kWorst};
    if (now.score < best.score - settings_.min_delta) {
      best = now;
      return std::nullopt;
    }
    const Step waited = now.step - best.step;
    if (waited < settings_.steps || now.step < settings_.min_steps) return std::nullopt;
    if (best.score == kWorst)
      return "step " + std::to_string(now.step) + ": no finite value in " + steps_words(waited);
    std::string by;
    if (settings_.min_delta > 0) by = " by more than " + to_text(settings_.min_delta);
    return "step " + std::to_string(now.step) + ": for " + steps_words(waited) + " not better" + by +
           " than " + score_words(context, best.score) + " at step " + std::to_string(best.step);
  }

 private:
  PatienceSettings settings_;
  std::vector<CurvePoint> best_;  ///< by trial: what is to be bettered
};

std::string check_patience(const Options&) {
  return "";
}

std::unique_ptr<Stopper> make_patience(const Options& options) {
  return std::make_unique<Patience>(PatienceSettings{
      options.integer("steps", 1), options.number("min_delta", 0), options.integer("min_steps", 0)});
}

}  // namespace

StopperInfo patience_stopper() {
  return {
      .name = "patience",
      .help = "stops a trial that has not got better for some steps",
      .options =
          {{.name = "steps", .type = OptionType::kInt, .help = "for how many", .required = true, .low = 1},
           {.name = "min_delta",
            .type = OptionType::kNumber,
            .help = "better by more than this (0)",
            .low = 0},
           {.name = "min_steps",
            .type = OptionType::kInt,
            .help = "steps that every trial has (0)",
            .low = 0}},
      .check = check_patience,
      .make = make_patience};
}

}  // namespace coppice
