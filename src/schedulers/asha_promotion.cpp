/// asha of type promotion: Algorithm 2 of Li et al. (MLSys 2020).
///
/// A free worker promotes the best trial that is among the floor(m / eta) best of the m in its rung and has
/// not been promoted, rungs from the top down; where there is none, it begins a new trial. So nobody ever
/// waits for a rung to fill.
///
/// An entry of a rung is a trial that stands there, or was on its way there and failed (a loser) or was
/// stopped or had nothing more to train (ranked with its last score). Only trials that stand there with a
/// finite score are promoted.
///
/// With `re_evaluate`, nobody goes on to the last rung before it was measured again: it is taken out of the
/// rung below, and put back with the mean when its reruns are over. Meanwhile it counts in the rung as
/// before, and all else goes on.
#include <algorithm>
#include <optional>
#include <vector>

#include "schedulers/asha.hpp"
#include "schedulers/progressive_cap.hpp"
#include "schedulers/re_evaluation.hpp"
#include "schedulers/rung_ranking.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

class AshaPromotion final : public Scheduler {
 public:
  explicit AshaPromotion(AshaSettings settings)
      : settings_(std::move(settings)), re_evaluation_(settings_.re_evaluate) {
    for (std::size_t b = 0; b < settings_.weights.size(); ++b) {
      // Nobody is promoted out of the last rung, so it needs no ranking.
      brackets_.emplace_back(settings_.steps.size() - 1 - b, RungRanking(settings_.eta));
    }
    if (settings_.progressive) cap_.emplace(settings_.steps);
  }

  void on_reached(SchedulerContext& context, TrialId id) override {
    const Trial& trial = context.board().trial(id);
    if (trial.is_rerun()) return put_back(re_evaluation_.on_reached(context, trial));
    const Score score = trial.last_score().value_or(kWorst);
    const std::size_t rung = heading_for(trial);
    add(trial, rung, score, trial.state == TrialState::kPaused && score != kWorst);
    if (cap_ && trial.steps >= settings_.steps[rung]) cap_->on_reached(context.board(), id, rung);
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    if (cause == FailureCause::kExhausted) return;
    const Trial& trial = context.board().trial(id);
    if (trial.is_rerun()) return put_back(re_evaluation_.on_failed(trial));
    add(trial, heading_for(trial), kWorst, false);
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    if (auto rerun = re_evaluation_.next()) return begin(std::move(*rerun));
    if (auto promotion = promote(context)) return promotion;
    const auto limit = context.max_trials();
    if (limit && context.board().fresh() >= *limit) return std::nullopt;
    const std::size_t bracket = draw_bracket(settings_, context);
    bracket_of_.push_back(bracket);
    const Step step = settings_.steps[bracket];
    return NewTrial{
        kNoMember, step,
        bracket_words(settings_, bracket) + "nothing to promote, a new trial up to " + steps_words(step)};
  }

 private:
  std::optional<Work> promote(SchedulerContext& context) {
    for (std::size_t rung = std::min(reached_ + 1, cap_ ? cap_->rung() : settings_.steps.size() - 1);
         rung-- > 0;) {
      for (std::size_t b = 0; b < brackets_.size() && b <= rung; ++b) {
        RungRanking& ranking = brackets_[b][rung - b];
        if (!ranking.best()) continue;
        const Ranked entry = ranking.take();
        std::string reason = bracket_words(settings_, b) + rung_words(settings_, rung) + ": " +
                             score_words(context, entry.score) + re_evaluation_.words(entry.trial) +
                             " is among the best " + std::to_string(ranking.promotable()) + " of " +
                             std::to_string(ranking.size());
        if (rung == last_but_one() && re_evaluation_.wants(entry.trial)) {
          re_evaluation_.begin(entry, settings_.steps[rung], reason);
          return begin(*re_evaluation_.next());
        }
        return Continue{entry.trial, settings_.steps[rung + 1], DecisionKind::kPromote, std::move(reason)};
      }
    }
    return std::nullopt;
  }

  /// Of at least two rungs: the one out of which trials go on to the last one.
  std::size_t last_but_one() const { return settings_.steps.size() - 2; }

  Rerun begin(Rerun rerun) {
    bracket_of_.push_back(bracket_of_[static_cast<std::size_t>(rerun.trial)]);
    return rerun;
  }

  /// A candidate whose reruns are over.
  void put_back(const std::optional<ReEvaluation::Candidate>& candidate) {
    if (!candidate) return;
    const std::size_t bracket = bracket_of_[static_cast<std::size_t>(candidate->first.trial)];
    const Score mean = candidate->ranked().score;
    brackets_[bracket][last_but_one() - bracket].put_back(candidate->first, mean, mean != kWorst);
  }

  std::size_t heading_for(const Trial& trial) const {
    std::size_t rung = bracket_of(trial);
    while (settings_.steps[rung] < trial.until) ++rung;
    return rung;
  }

  void add(const Trial& trial, std::size_t rung, Score score, bool eligible) {
    if (rung + 1 == settings_.steps.size()) return;
    reached_ = std::max(reached_, rung);
    const std::size_t bracket = bracket_of(trial);
    brackets_[bracket][rung - bracket].add({score, trial.id}, eligible);
  }

  std::size_t bracket_of(const Trial& trial) const { return bracket_of_[static_cast<std::size_t>(trial.id)]; }

  AshaSettings settings_;
  std::vector<std::vector<RungRanking>> brackets_;  ///< [bracket][rung - bracket]
  std::vector<std::size_t> bracket_of_;             ///< by trial: asha begins them all itself
  std::size_t reached_ = 0;                         ///< the highest rung with an entry
  std::optional<ProgressiveCap> cap_;
  ReEvaluation re_evaluation_;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha_promotion(AshaSettings settings) {
  return std::make_unique<AshaPromotion>(std::move(settings));
}

}  // namespace coppice
