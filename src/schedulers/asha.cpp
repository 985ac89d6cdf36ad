/// asha: asynchronous successive halving by promotion. Algorithm 2 of Li et al., "A System for Massively
/// Parallel Hyperparameter Tuning" (MLSys 2020, arXiv 1810.05934).
///
/// A free worker promotes the best trial that is among the floor(m / eta) best of the m in its rung and has
/// not been promoted, rungs from the top down; where there is none, it begins a new trial. So nobody ever
/// waits for a rung to fill.
///
/// An entry of a rung is a trial that stands there, or was on its way there and failed (a loser) or had
/// nothing more to train (ranked with its last score). Only trials that stand there with a finite score are
/// promoted.
///
/// Departure from the paper: with `brackets` > 1, a new trial's bracket (bracket b begins at rung b) is drawn
/// in proportion to the sizes that Hyperband gives their first rungs, by the trial's number alone.
#include <numeric>
#include <vector>

#include "coppice/rng.hpp"
#include "core/scheduler.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/rung_options.hpp"
#include "schedulers/rung_ranking.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

struct AshaSettings {
  std::vector<Step> steps;  ///< of the rungs
  std::int64_t eta = 3;
  std::vector<std::int64_t> weights;  ///< one for each bracket
};

class Asha final : public Scheduler {
 public:
  explicit Asha(AshaSettings settings) : settings_(std::move(settings)) {
    for (std::size_t b = 0; b < settings_.weights.size(); ++b) {
      // Nobody is promoted out of the last rung, so it needs no ranking.
      brackets_.emplace_back(settings_.steps.size() - 1 - b, RungRanking(settings_.eta));
    }
  }

  void on_reached(SchedulerContext& context, TrialId id) override {
    const Trial& trial = context.board().trial(id);
    const Score score = trial.last_score().value_or(kWorst);
    add(trial, score, trial.state == TrialState::kPaused && score != kWorst);
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    if (cause != FailureCause::kExhausted) add(context.board().trial(id), kWorst, false);
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    if (auto promotion = promote(context)) return promotion;
    const auto limit = context.max_trials();
    if (limit && context.board().fresh() >= *limit) return std::nullopt;
    const std::size_t bracket = draw_bracket(context);
    bracket_of_.push_back(bracket);
    const Step step = settings_.steps[bracket];
    return NewTrial{kNoMember, step,
                    bracket_words(bracket) + "nothing to promote, a new trial up to " + steps_words(step)};
  }

 private:
  std::optional<Work> promote(SchedulerContext& context) {
    for (std::size_t rung = settings_.steps.size() - 1; rung-- > 0;) {
      for (std::size_t b = 0; b < brackets_.size() && b <= rung; ++b) {
        RungRanking& ranking = brackets_[b][rung - b];
        if (!ranking.best()) continue;
        const Ranked entry = ranking.take();
        return Continue{entry.trial, settings_.steps[rung + 1], DecisionKind::kPromote,
                        bracket_words(b) + "rung " + std::to_string(rung) + " (" +
                            steps_words(settings_.steps[rung]) + "): " + score_words(context, entry.score) +
                            " is among the best " + std::to_string(ranking.promotable()) + " of " +
                            std::to_string(ranking.size())};
      }
    }
    return std::nullopt;
  }

  void add(const Trial& trial, Score score, bool eligible) {
    const std::size_t bracket = bracket_of_[static_cast<std::size_t>(trial.id)];
    std::size_t rung = bracket;
    while (settings_.steps[rung] < trial.until) ++rung;
    if (rung + 1 < settings_.steps.size())
      brackets_[bracket][rung - bracket].add({score, trial.id}, eligible);
  }

  std::size_t draw_bracket(const SchedulerContext& context) const {
    const auto& weights = settings_.weights;
    const auto total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    Rng rng(context.seed(), Purpose::kBracket, static_cast<std::uint64_t>(context.board().size()));
    auto ticket = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(total)));
    std::size_t bracket = 0;
    while (ticket >= weights[bracket]) ticket -= weights[bracket++];
    return bracket;
  }

  std::string bracket_words(std::size_t bracket) const {
    return brackets_.size() > 1 ? "bracket " + std::to_string(bracket) + ", " : "";
  }

  AshaSettings settings_;
  std::vector<std::vector<RungRanking>> brackets_;  ///< [bracket][rung - bracket]
  std::vector<std::size_t> bracket_of_;             ///< by trial: asha begins them all itself, from scratch
};

AshaSettings settings_from(const Options& options, const SchedulerSetup& setup) {
  AshaSettings settings;
  settings.eta = options.integer("eta", 3);
  settings.steps = rung_steps(options.integer("min_steps", 1), steps_per_trial(options, setup), settings.eta);
  const auto rungs = static_cast<std::int64_t>(settings.steps.size());
  std::int64_t power = 1;
  for (std::int64_t s = 0; s < rungs; ++s, power *= settings.eta) {
    // Bracket b is Hyperband's bracket s = rungs - 1 - b.
    settings.weights.insert(settings.weights.begin(), (rungs * power + s) / (s + 1));
  }
  settings.weights.resize(static_cast<std::size_t>(options.integer("brackets", 1)));
  return settings;
}

std::string check_asha(const Options& options, const SchedulerSetup& setup) {
  if (setup.deterministic) {
    return "asha decides by the order of arrival and can't be deterministic; use hyperband, or remove "
           "deterministic";
  }
  if (options.text("type", "promotion") != "promotion") {
    return "asha.type: stopping is not available yet; use type: promotion";
  }
  if (!setup.ends()) return "asha would never end: it needs budget.trials, budget.wall_time or budget.target";
  const std::string limit = check_step_limit("asha", options, setup);
  if (!limit.empty()) return limit;
  const std::string first = check_min_steps("asha", options, setup);
  if (!first.empty()) return first;
  const auto rungs =
      rung_steps(options.integer("min_steps", 1), steps_per_trial(options, setup), options.integer("eta", 3))
          .size();
  const auto brackets = options.integer("brackets", 1);
  if (brackets > static_cast<std::int64_t>(rungs)) {
    return "asha.brackets " + std::to_string(brackets) + " is more than the " + std::to_string(rungs) +
           " rungs from min_steps to max_steps; lower it";
  }
  return "";
}

std::unique_ptr<Scheduler> make_asha(const Options& options, const SchedulerSetup& setup) {
  return std::make_unique<Asha>(settings_from(options, setup));
}

}  // namespace

SchedulerInfo asha_entry() {
  return {"asha",
          "asynchronous successive halving: promotes the best 1/eta of each rung, nobody waits",
          {min_steps_option(),
           max_steps_option("the last rung"),
           eta_option(),
           {.name = "brackets",
            .type = OptionType::kInt,
            .help = "bracket b begins at rung b (1)",
            .low = 1,
            .high = 64},
           {.name = "type",
            .type = OptionType::kText,
            .help = "promotion: trials pause at rungs; stopping: they go on or end",
            .choices = {"promotion", "stopping"}}},
          check_asha,
          make_asha};
}

}  // namespace coppice
