#include "schedulers/pbt/pbt.hpp"

#include <algorithm>
#include <utility>

#include "schedulers/pbt/exploit.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

std::string step_words(Step step) {
  return "step " + std::to_string(step) + ": ";
}

std::string place_words(Step step, const SchedulerContext& context, const Standing& own) {
  return step_words(step) + "rank " + std::to_string(own.rank) + " of " + std::to_string(own.count) + " (" +
         score_words(context, own.ranked.score) + ")";
}

/// How many of `population` are in group `group` of `groups`.
std::int64_t group_size(std::int64_t population, std::int64_t groups, std::int64_t group) {
  return population / groups + (group < population % groups ? 1 : 0);
}

}  // namespace

Pbt::Pbt(const PbtSettings& settings) : settings_(settings), population_(settings.population) {
  const auto count = std::ssize(settings.periods);
  for (std::int64_t group = 0; group < count; ++group) {
    const std::int64_t size = group_size(settings.population, count, group);
    const bool all = settings.exploit == Exploit::kTournament || settings.exploit == Exploit::kTTest;
    groups_.emplace_back(size, settings.quantile, all ? size : truncation_size(settings.quantile, size));
  }
}

void Pbt::take_arrival(SchedulerContext& context, const Trial& trial) {
  const MemberId id = population_.member_of(trial);
  const auto score = trial.last_score(trial.stands_at);
  if (trial.state == TrialState::kComplete) {
    population_.end(id);
    return;
  }
  population_.wait(id, trial);
  if (exploits() && score) offer_best(context, trial, *score);
  if (score != kWorst || trial.stands_at >= settings_.burn_in) population_.score(id, trial.stands_at, score);
  if (exploits() && score && trial.stands_at % settings_.interval == 0) {
    standings_of(id).record(context, trial.stands_at, id, {*score, trial.id});
  }
}

void Pbt::take_failure(const Trial& trial, FailureCause cause) {
  const MemberId id = population_.member_of(trial);
  if (cause == FailureCause::kTrial) population_.count_failure(id);
  if (cause == FailureCause::kExhausted || !exploits() || gives_up(population_.at(id))) {
    population_.end(id);
  } else {
    population_.fail(id);
  }
}

bool Pbt::may_begin(const SchedulerContext& context) {
  const auto limit = context.max_trials();
  return !limit || context.board().fresh() < *limit;
}

bool Pbt::diverged(const SchedulerContext& context, MemberId id) const {
  const Trial& trial = context.board().trial(population_.at(id).trial);
  return trial.last_score(trial.stands_at) == kWorst;
}

bool Pbt::end_if_hopeless(SchedulerContext& context, MemberId id) {
  if (!gives_up(population_.at(id)) || !diverged(context, id)) return false;
  const Trial& trial = context.board().trial(population_.at(id).trial);
  context.stop(trial.id, step_words(trial.stands_at) + "no finite score, " + std::to_string(kMaxFailures) +
                             " times in a row: the member ends");
  population_.end(id);
  return true;
}

void Pbt::forget_before(SchedulerContext& context, Step step) {
  for (Standings& standings : groups_) standings.forget_before(context, step);
}

Step Pbt::segment_end(Step from) const {
  return std::min((from / settings_.interval + 1) * settings_.interval, settings_.steps);
}

Work Pbt::begin(const SchedulerContext& context, MemberId id) {
  population_.train(id, context.board().size());
  return NewTrial{id, segment_end(0), "member " + std::to_string(id) + " of the population begins"};
}

Work Pbt::judge(SchedulerContext& context, MemberId id, Step step) {
  if (step % period_of(id) != 0 && !diverged(context, id)) {
    return train_on(context, id,
                    step_words(step) + "is compared every " + std::to_string(period_of(id)) + " steps only");
  }
  population_.set_judged_at(id, step);
  const auto own = standings_of(id).standing(step, id);
  if (!own) return go_on(context, id, "no one to compare with yet");
  Rng rng = donor_rng(context, id, step);
  const std::string place = place_words(step, context, *own);
  const Comparison comparison = compare(settings_.exploit, context, standings_of(id), step, *own, rng);
  if (comparison.donor) return exploit(context, id, step, *comparison.donor, place + comparison.words);
  if (const auto other = migrant(context, step, *own)) return exploit(context, id, step, *other, place);
  return train_on(context, id, place + comparison.words);
}

/// Of the third quarter of a group the first one takes the best of all other groups' best quarters, the
/// second one the second best, and so on, where that is better than itself.
std::optional<Standing> Pbt::migrant(const SchedulerContext& context, Step step, const Standing& own) const {
  if (groups_.size() < 2 || own.in_bottom) return std::nullopt;
  const std::int64_t quarter = truncation_size(settings_.quantile, own.count);
  const std::int64_t place = own.rank - (own.count - 2 * quarter) - 1;
  if (place < 0) return std::nullopt;
  std::vector<Standing> better;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    if (group == group_of(own.member)) continue;
    const auto more = groups_[group].better_donors(context, step, own.ranked);
    better.insert(better.end(), more.begin(), more.end());
  }
  if (place >= std::ssize(better)) return std::nullopt;
  std::sort(better.begin(), better.end(),
            [](const Standing& a, const Standing& b) { return a.ranked < b.ranked; });
  return better[static_cast<std::size_t>(place)];
}

Work Pbt::go_on(SchedulerContext& context, MemberId id, const std::string& why) {
  const Trial& trial = context.board().trial(population_.at(id).trial);
  const std::string where = step_words(trial.stands_at);
  if (exploits()) return train_on(context, id, where + why);
  if (!settings_.explore || trial.stands_at < settings_.burn_in ||
      !context.has_checkpoint(trial.id, trial.stands_at)) {
    return train_on(context, id, where + "trains on");
  }
  const Origin own{trial.id, trial.stands_at};
  context.hold(own.trial, own.step);  // until the clone is there and depends on it
  held_.push_back(own);
  const std::string reason = where + "goes on with explored hyperparameters";
  context.stop(own.trial, reason);
  return clone(context, id, own, own.trial, DecisionKind::kExplore, reason);
}

Work Pbt::replace(SchedulerContext& context, MemberId id, Step step, const Standing& donor) {
  const TrialId loser = population_.at(id).trial;
  if (context.board().trial(loser).state == TrialState::kFailed) {
    return exploit(context, id, step, donor, step_words(step) + "trial " + std::to_string(loser) + " failed");
  }
  const auto own = standings_of(id).standing(step, id);
  return exploit(
      context, id, step, donor,
      own && own->in_bottom ? place_words(step, context, *own) : step_words(step) + "no finite score since");
}

Work Pbt::exploit(SchedulerContext& context, MemberId id, Step step, const Standing& donor,
                  const std::string& place) {
  const TrialId loser = population_.at(id).trial;
  Origin origin{donor.ranked.trial, step};
  TrialId base = base_for(id, step, donor);
  std::string of_donor = "trial " + std::to_string(donor.ranked.trial) + ", rank " +
                         std::to_string(donor.rank) + " (" + score_words(context, donor.ranked.score) + ")";
  if (group_of(donor.member) != group_of(id)) {
    of_donor += " of the members compared every " + std::to_string(period_of(donor.member)) + " steps";
  }
  if (returns_to_best(context, step, donor.ranked)) {
    ++best_->uses;
    origin = {best_->ranked.trial, best_->step};
    base = settings_.explore ? origin.trial : loser;
    of_donor = "the best ever, trial " + std::to_string(origin.trial) + " at step " +
               std::to_string(origin.step) + " (" + score_words(context, best_->ranked.score) + ")";
  }
  if (!is_over(context.board().trial(loser).state)) {
    context.stop(loser, place + ", gives way to " + of_donor, origin.trial);
  }
  standings_of(id).forget_after(context, id, origin.step);
  population_.set_judged_at(id, origin.step);
  return clone(context, id, origin, base, DecisionKind::kExploit, place + ", cloned from " + of_donor);
}

/// Whose hyperparameters are explored from. A donor that is compared more often than the group it comes to
/// has greedy ones: there those of the group's own best are taken (MF-PBT).
TrialId Pbt::base_for(MemberId id, Step step, const Standing& donor) const {
  if (!settings_.explore) return population_.at(id).trial;
  if (period_of(donor.member) < period_of(id)) {
    if (const auto best = standings_of(id).best(step)) return best->ranked.trial;
  }
  return donor.ranked.trial;
}

void Pbt::offer_best(SchedulerContext& context, const Trial& trial, Score score) {
  if (!settings_.backtrack || !(score < kWorst) || !context.has_checkpoint(trial.id, trial.stands_at)) return;
  if (best_ && !(score < best_->ranked.score)) return;
  context.hold(trial.id, trial.stands_at);
  if (best_) context.release(best_->ranked.trial, best_->step);
  best_ = {{score, trial.id}, trial.stands_at, 0};
}

/// Each best state is returned to by as many clones as there are members, at most: so it comes to an end.
bool Pbt::returns_to_best(const SchedulerContext& context, Step step, const Ranked& donor) const {
  return best_ && best_->step < settings_.steps && best_->uses < settings_.population &&
         step >= best_->step + *settings_.backtrack * settings_.interval &&
         best_->ranked.score < donor.score && context.has_checkpoint(best_->ranked.trial, best_->step);
}

std::optional<Standing> Pbt::donor_for(const SchedulerContext& context, MemberId id, Step step) const {
  Rng rng = donor_rng(context, id, step);
  return standings_of(id).draw_donor(context, step, id, rng);
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
