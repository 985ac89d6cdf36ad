/// median and percentile: a trial is stopped whose best value is worse than what others had on average by
/// then. The median rule of Golovin et al., "Google Vizier" (KDD 2017): its best so far against the median of
/// the other trials' running averages up to the same step. percentile asks for another share than half.
///
/// Trials are compared at *comparison steps*: whoever gets furthest makes the next one, at least `interval`
/// steps after the last. There, a trial counts with the average of its reports up to that step, so those that
/// report at other steps, or rarely, are compared all the same. All that came so far count, also those that
/// train still and those that were stopped or failed later.
///
/// A report without a finite value ranks last there and counts in no later average; such a trial is stopped
/// where the border is finite, however good it was before.
#include <vector>

#include "schedulers/stopper.hpp"
#include "schedulers/stoppers/score_quantile.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

struct RuleSettings {
  std::int64_t percent = 50;
  std::int64_t startup_trials = 5;
  Step grace_steps = 0;
  Step interval = 1;
};

class RunningAverageRule final : public Stopper {
 public:
  explicit RunningAverageRule(RuleSettings settings) : settings_(settings) {}

  std::optional<std::string> on_report(const SchedulerContext& context, const Trial& trial) override {
    const auto index = static_cast<std::size_t>(trial.id);
    if (index >= seen_.size()) seen_.resize(index + 1);
    Seen& seen = seen_[index];
    const std::optional<Score> before = seen.average;
    const CurvePoint& now = trial.curve.back();
    seen.add(now.score);
    if (now.step > settings_.grace_steps &&
        (points_.empty() || now.step - points_.back().step >= settings_.interval)) {
      points_.push_back({now.step, ScoreQuantile(settings_.percent)});
    }
    std::optional<std::string> reason;  // of the last comparison
    for (; seen.next < points_.size() && points_[seen.next].step <= now.step; ++seen.next) {
      Point& point = points_[seen.next];
      reason = judge(context, point, now.score == kWorst ? kWorst : seen.best);
      if (point.step == now.step) {
        point.averages.add(*seen.average);
      } else if (before) {
        point.averages.add(*before);
      }
    }
    return reason;
  }

 private:
  struct Point {
    Step step = 0;
    ScoreQuantile averages;
  };
  struct Seen {
    double sum = 0;  ///< of finite scores
    std::int64_t count = 0;
    Score best = kWorst;
    std::optional<Score> average;  ///< of the reports so far, as it counts at the last one
    std::size_t next = 0;          ///< comparison step that it has not come to

    void add(Score score) {
      average = kWorst;
      if (score == kWorst) return;
      sum += score;
      ++count;
      best = std::min(best, score);
      average = sum / static_cast<double>(count);
    }
  };

  std::optional<std::string> judge(const SchedulerContext& context, const Point& point, Score best) const {
    const std::int64_t count = point.averages.size();
    if (count == 0 || count < settings_.startup_trials) return std::nullopt;
    const Score border = point.averages.value();
    if (!(best > border)) return std::nullopt;
    std::string reason = "step " + std::to_string(point.step) + ": ";
    reason += best == kWorst ? "no finite value" : "best " + score_words(context, best);
    reason += ", " + (settings_.percent == 50 ? "the median"
                                              : "the best " + std::to_string(settings_.percent) + " %");
    return reason + " of " + std::to_string(count) + " running averages " +
           (settings_.percent == 50 ? "is " : "reach ") + score_words(context, border);
  }

  RuleSettings settings_;
  std::vector<Point> points_;  ///< the comparison steps, ascending
  std::vector<Seen> seen_;     ///< by trial
};

RuleSettings settings_from(const Options& options) {
  RuleSettings settings;
  settings.startup_trials = options.integer("startup_trials", settings.startup_trials);
  settings.grace_steps = options.integer("grace_steps", settings.grace_steps);
  settings.interval = options.integer("interval", settings.interval);
  return settings;
}

std::string check_median(const Options&) {
  return "";
}

std::unique_ptr<Stopper> make_median(const Options& options) {
  return std::make_unique<RunningAverageRule>(settings_from(options));
}

std::unique_ptr<Stopper> make_percentile(const Options& options) {
  RuleSettings settings = settings_from(options);
  settings.percent = options.integer("percent", settings.percent);
  return std::make_unique<RunningAverageRule>(settings);
}

std::vector<OptionSpec> common_options() {
  return {{.name = "startup_trials",
           .type = OptionType::kInt,
           .help = "others that must have come as far before one is stopped (5)",
           .low = 0},
          {.name = "grace_steps",
           .type = OptionType::kInt,
           .help = "steps that nobody is stopped in (0)",
           .low = 0},
          {.name = "interval", .type = OptionType::kInt, .help = "steps between comparisons (1)", .low = 1}};
}

}  // namespace

StopperInfo median_stopper() {
  return {.name = "median",
          .help = "stops a trial whose best is worse than the median of the others' running averages",
          .options = common_options(),
          .by_arrival = true,
          .check = check_median,
          .make = make_median};
}

StopperInfo percentile_stopper() {
  std::vector<OptionSpec> options = common_options();
  options.push_back({.name = "percent",
                     .type = OptionType::kInt,
                     .help = "a trial's best must be among so many percent of the others' running averages",
                     .required = true,
                     .low = 1,
                     .high = 99});
  return {.name = "percentile",
          .help = "as median, with another share than half",
          .options = options,
          .by_arrival = true,
          .check = check_median,
          .make = make_percentile};
}

}  // namespace coppice
