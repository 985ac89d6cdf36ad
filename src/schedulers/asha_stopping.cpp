/// asha of type stopping: the rungs of ASHA for trials that needn't pause, and so needn't be saved. Li et al.
/// describe it beside their Algorithm 2; the rules at small numbers differ from program to program.
///
/// A trial that comes to a rung is ranked among all that have come there, itself included; it trains on if it
/// is one of the floor(m / eta) best of these m, at least the best one, and has a finite score. Else it is
/// stopped. Whoever was let through stays so.
///
/// The score at a rung is the last one reported at its step or before; where there is none yet, the first
/// after it. So a trial that reports rarely is judged at each rung that it passes, in order. One that failed
/// (a loser) or had nothing more to train (ranked with its last score) has come to the rung it was heading
/// for.
#include <algorithm>
#include <vector>

#include "schedulers/asha.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/ranked_set.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

class AshaStopping final : public Scheduler {
 public:
  explicit AshaStopping(AshaSettings settings) : settings_(std::move(settings)) {
    rungs_.resize(settings_.weights.size(), std::vector<RankedSet>(settings_.steps.size() - 1));
  }

  void on_report(SchedulerContext& context, TrialId id) override {
    const Trial& trial = context.board().trial(id);
    Place& place = place_of(id);
    if (trial.curve.empty()) return;
    const bool is_trained = trial.steps >= settings_.steps.back();  // then there is nothing to stop
    while (!is_last(place) && settings_.steps[place.rung] <= trial.steps) {
      const Step step = settings_.steps[place.rung];
      const Ranked entry{trial.last_score(step).value_or(trial.curve.front().score), id};
      if (!come_to(context, place, entry, is_trained)) return;
      ++place.rung;
    }
  }

  void on_reached(SchedulerContext& context, TrialId id) override {
    const Place& place = place_of(id);
    if (is_last(place)) return;
    rung(place).add({context.board().trial(id).last_score().value_or(kWorst), id});
  }

  void on_failed(SchedulerContext&, TrialId id, FailureCause cause) override {
    const Place& place = place_of(id);
    if (!is_last(place) && cause != FailureCause::kExhausted) rung(place).add({kWorst, id});
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    const auto limit = context.max_trials();
    if (limit && context.board().fresh() >= *limit) return std::nullopt;
    const std::size_t bracket = draw_bracket(settings_, context);
    places_.push_back({bracket, bracket});
    const bool infinite = settings_.steps.back() == kMaxRungStep;
    return NewTrial{kNoMember, settings_.steps.back(),
                    bracket_words(settings_, bracket) + "a new trial, first judged after " +
                        steps_words(settings_.steps[bracket]) +
                        (infinite ? "" : " of " + std::to_string(settings_.steps.back()))};
  }

 private:
  struct Place {
    std::size_t bracket = 0;
    std::size_t rung = 0;  ///< that it is heading for
  };

  /// Whether it goes on.
  bool come_to(SchedulerContext& context, const Place& place, Ranked entry, bool is_trained) {
    const std::int64_t rank = rung(place).add(entry);
    const std::int64_t count = rung(place).size();
    const std::int64_t best = survivors(count, settings_.eta);
    if (is_trained || (rank <= best && entry.score != kWorst)) return true;
    context.stop(entry.trial, bracket_words(settings_, place.bracket) + rung_words(settings_, place.rung) +
                                  ": " + score_words(context, entry.score) + " is rank " +
                                  std::to_string(rank) + " of " + std::to_string(count) + ", best " +
                                  std::to_string(best) + (best == 1 ? " goes on" : " go on"));
    return false;
  }

  /// Nobody is judged at the end of a trial.
  bool is_last(const Place& place) const { return place.rung + 1 == settings_.steps.size(); }
  Place& place_of(TrialId id) { return places_[static_cast<std::size_t>(id)]; }
  RankedSet& rung(const Place& place) { return rungs_[place.bracket][place.rung]; }

  AshaSettings settings_;
  std::vector<std::vector<RankedSet>> rungs_;  ///< [bracket][rung]
  std::vector<Place> places_;                  ///< by trial: asha begins them all itself, from scratch
};

}  // namespace

std::unique_ptr<Scheduler> make_asha_stopping(AshaSettings settings) {
  return std::make_unique<AshaStopping>(std::move(settings));
}

}  // namespace coppice
