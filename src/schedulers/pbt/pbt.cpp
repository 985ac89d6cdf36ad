#include "schedulers/pbt/pbt.hpp"

#include <algorithm>
#include <utility>

#include "schedulers/words.hpp"

namespace coppice {

namespace {

std::string place_words(Step step, const SchedulerContext& context, const Standing& own) {
  return "step " + std::to_string(step) + ": rank " + std::to_string(own.rank) + " of " +
         std::to_string(own.count) + " (" + score_words(context, own.ranked.score) + ")";
}

}  // namespace

void Pbt::take_arrival(SchedulerContext& context, const Trial& trial) {
  const MemberId id = population_.member_of(trial);
  if (trial.state == TrialState::kComplete) {
    population_.end(id);
    return;
  }
  const auto score = trial.last_score(trial.stands_at);
  population_.wait(id, trial);
  population_.score(id, trial.stands_at, score);
  if (settings_.exploit && score && trial.stands_at % settings_.interval == 0) {
    standings_.record(context, trial.stands_at, id, {*score, trial.id});
  }
}

void Pbt::take_failure(const Trial& trial, FailureCause cause) {
  const MemberId id = population_.member_of(trial);
  if (cause == FailureCause::kTrial) population_.count_failure(id);
  if (cause == FailureCause::kExhausted || !settings_.exploit || gives_up(population_.at(id))) {
    population_.end(id);
  } else {
    population_.fail(id);
  }
}

bool Pbt::may_begin(const SchedulerContext& context) {
  const auto limit = context.max_trials();
  return !limit || context.board().fresh() < *limit;
}

Step Pbt::segment_end(Step from) const {
  return std::min((from / settings_.interval + 1) * settings_.interval, settings_.steps);
}

Work Pbt::begin(const SchedulerContext& context, MemberId id) {
  population_.train(id, context.board().size());
  return NewTrial{id, segment_end(0), "member " + std::to_string(id) + " of the population begins"};
}

Work Pbt::judge(SchedulerContext& context, MemberId id, Step step) {
  population_.set_judged_at(id, step);
  const auto own = standings_.standing(step, id);
  if (!own) return go_on(context, id);
  std::string reason = place_words(step, context, *own);
  if (own->in_bottom) {
    Rng rng = donor_rng(context, id, step);
    if (const auto donor = standings_.draw_donor(context, step, id, rng, own->rank)) {
      return exploit(context, id, step, *donor);
    }
    reason += ", but no donor";
  }
  return train_on(context, id, std::move(reason));
}

Work Pbt::go_on(SchedulerContext& context, MemberId id) {
  const Trial& trial = context.board().trial(population_.at(id).trial);
  const std::string where = "step " + std::to_string(trial.stands_at);
  if (settings_.exploit) return train_on(context, id, where + ": no one to compare with yet");
  if (!settings_.explore || !context.has_checkpoint(trial.id, trial.stands_at)) {
    return train_on(context, id, where + ": trains on");
  }
  const Origin own{trial.id, trial.stands_at};
  context.hold(own.trial, own.step);  // until the clone is there and depends on it
  held_.push_back(own);
  const std::string reason = where + ": goes on with explored hyperparameters";
  context.stop(own.trial, reason);
  return clone(context, id, own, own.trial, DecisionKind::kExplore, reason);
}

Work Pbt::exploit(SchedulerContext& context, MemberId id, Step step, const Standing& donor) {
  const TrialId loser = population_.at(id).trial;
  const std::string of_donor = "trial " + std::to_string(donor.ranked.trial) + ", rank " +
                               std::to_string(donor.rank) + " (" + score_words(context, donor.ranked.score) +
                               ")";
  std::string place;
  if (context.board().trial(loser).state == TrialState::kFailed) {
    place = "step " + std::to_string(step) + ": trial " + std::to_string(loser) + " failed";
  } else {
    const auto own = standings_.standing(step, id);
    place = own && own->in_bottom ? place_words(step, context, *own)
                                  : "step " + std::to_string(step) + ": no finite score since";
    context.stop(loser, place + ", gives way to " + of_donor, donor.ranked.trial);
  }
  standings_.forget_after(context, id, step);
  population_.set_judged_at(id, step);
  return clone(context, id, {donor.ranked.trial, step}, settings_.explore ? donor.ranked.trial : loser,
               DecisionKind::kExploit, place + ", cloned from " + of_donor);
}

std::optional<Standing> Pbt::donor_for(const SchedulerContext& context, MemberId id, Step step) const {
  Rng rng = donor_rng(context, id, step);
  return standings_.draw_donor(context, step, id, rng);
}

Rng Pbt::donor_rng(const SchedulerContext& context, MemberId id, Step step) const {
  return Rng(context.seed(), Purpose::kDonor, static_cast<std::uint64_t>(population_.at(id).trial),
             static_cast<std::uint32_t>(step));
}

Work Pbt::train_on(const SchedulerContext& context, MemberId id, std::string reason) {
  const TrialId trial = population_.at(id).trial;
  population_.train(id, trial);
  return Continue{trial, segment_end(context.board().trial(trial).stands_at), DecisionKind::kContinue,
                  std::move(reason)};
}

Work Pbt::clone(const SchedulerContext& context, MemberId id, Origin origin, TrialId base, DecisionKind kind,
                std::string reason) {
  population_.train(id, context.board().size());
  return Clone{id, origin, base, segment_end(origin.step), kind, std::move(reason)};
}

void Pbt::release_held(SchedulerContext& context) {
  for (const Origin& own : held_) context.release(own.trial, own.step);
  held_.clear();
}

}  // namespace coppice
