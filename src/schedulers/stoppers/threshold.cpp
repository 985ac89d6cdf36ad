/// threshold: a trial is stopped whose objective leaves given bounds, or has no finite value.
#include <array>
#include <cstdio>

#include "schedulers/stopper.hpp"

namespace coppice {

namespace {

std::string number_words(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

class Threshold final : public Stopper {
 public:
  Threshold(std::optional<double> lower, std::optional<double> upper, Step grace_steps)
      : lower_(lower), upper_(upper), grace_steps_(grace_steps) {}

  std::optional<std::string> on_report(const SchedulerContext& context, const Trial& trial) override {
    const CurvePoint& now = trial.curve.back();
    if (now.step <= grace_steps_) return std::nullopt;
    const std::string at = "step " + std::to_string(now.step) + ": ";
    if (now.score == kWorst) return at + "no finite value";
    const double value = context.value_of(now.score);
    if (upper_ && value > *upper_) {
      return at + number_words(value) + " is above the upper bound " + number_words(*upper_);
    }
    if (lower_ && value < *lower_) {
      return at + number_words(value) + " is below the lower bound " + number_words(*lower_);
    }
    return std::nullopt;
  }

 private:
  std::optional<double> lower_;
  std::optional<double> upper_;
  Step grace_steps_;
};

std::optional<double> bound(const Options& options, std::string_view name) {
  return options.contains(name) ? std::optional(options.number(name, 0)) : std::nullopt;
}

std::string check_threshold(const Options& options) {
  const auto lower = bound(options, "lower");
  const auto upper = bound(options, "upper");
  if (!lower && !upper) return "threshold needs threshold.lower, threshold.upper or both";
  if (lower && upper && *lower >= *upper) return "threshold.lower must be below threshold.upper";
  return "";
}

std::unique_ptr<Stopper> make_threshold(const Options& options) {
  return std::make_unique<Threshold>(bound(options, "lower"), bound(options, "upper"),
                                     options.integer("grace_steps", 0));
}

}  // namespace

StopperInfo threshold_stopper() {
  return {.name = "threshold",
          .help = "stops a trial whose objective leaves its bounds or is not finite",
          .options = {{.name = "lower", .type = OptionType::kNumber, .help = "least value that goes on"},
                      {.name = "upper", .type = OptionType::kNumber, .help = "largest value that goes on"},
                      {.name = "grace_steps",
                       .type = OptionType::kInt,
                       .help = "steps that nobody is stopped in (0)",
                       .low = 0}},
          .check = check_threshold,
          .make = make_threshold};
}

}  // namespace coppice
