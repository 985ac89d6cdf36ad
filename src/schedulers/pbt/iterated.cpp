#include "schedulers/pbt/iterated.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "coppice/rng.hpp"
#include "schedulers/pbt/donors.hpp"
#include "schedulers/pbt/population.hpp"
#include "schedulers/pbt/stagnation.hpp"
#include "schedulers/pbt/standings.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

class IteratedPbt final : public Scheduler {
 public:
  explicit IteratedPbt(const IteratedSettings& settings)
      : settings_(settings),
        interval_(settings.interval),
        population_(2 * settings.population),
        begun_at_(static_cast<std::size_t>(2 * settings.population), 0) {}

  void on_reached(SchedulerContext& context, TrialId id) override {
    const Trial& trial = context.board().trial(id);
    const MemberId member = population_.member_of(trial);
    if (trial.state == TrialState::kComplete) {
      population_.end(member);
    } else if (begun_at(member) + trial.stands_at >= settings_.steps) {
      context.stop(id, "population step " + std::to_string(settings_.steps) + ": the last one");
      population_.end(member);
    } else {
      population_.wait(member, trial);
    }
    compare_if_all_wait(context);
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    const MemberId member = population_.member_of(context.board().trial(id));
    if (cause == FailureCause::kExhausted && now_ == 0) {
      population_.end(member);
    } else if (cause == FailureCause::kOriginLost) {
      population_.choose(member);
      turns_.push_back({member, Move::kCopy, 0, where() + "its origin was lost"});
    } else {
      if (cause == FailureCause::kTrial) population_.count_failure(member);
      population_.fail(member);
    }
    compare_if_all_wait(context);
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId) override {
    if (const auto id = population_.next_new(); id && may_begin(context)) {
      if (context.awaits_results()) return std::nullopt;
      population_.train(*id, context.board().size());
      return NewTrial{*id, span(), "member " + std::to_string(*id) + " of the population begins"};
    }
    while (!turns_.empty()) {
      // Those that begin afresh come last: all others train meanwhile.
      if (turns_.front().move == Move::kBeginAfresh && context.awaits_results()) return std::nullopt;
      const Turn turn = std::move(turns_.front());
      turns_.pop_front();
      if (auto work = take_turn(context, turn)) return work;
      compare_if_all_wait(context);
    }
    return std::nullopt;
  }

 private:
  static constexpr int kMaxFailures = 3;

  enum class Move {
    kTrainOn,
    kCopy,         ///< one of the best
    kMoveOn,       ///< from its own state, with other hyperparameters
    kBeginAfresh,  ///< without a state
  };
  struct Turn {
    MemberId member = kNoMember;
    Move move = Move::kTrainOn;
    std::int64_t rank = 0;  ///< from 1; 0: none
    std::string place;
  };
  struct Place {
    Ranked ranked;
    MemberId member = kNoMember;
  };

  static std::int64_t trials_left(const SchedulerContext& context) {
    const auto limit = context.max_trials();
    return limit ? *limit - context.board().fresh() : std::numeric_limits<std::int64_t>::max();
  }
  static bool may_begin(const SchedulerContext& context) { return trials_left(context) > 0; }
  Step& begun_at(MemberId id) { return begun_at_[static_cast<std::size_t>(id)]; }
  Step span() const { return std::min(interval_, settings_.steps - now_); }
  std::string where() const { return "population step " + std::to_string(now_) + ": "; }
  const Trial& trial_of(const SchedulerContext& context, MemberId id) const {
    return context.board().trial(population_.at(id).trial);
  }

  void compare_if_all_wait(SchedulerContext& context) {
    if (population_.next_new() && may_begin(context)) return;
    if (population_.count(MemberState::kTraining) + population_.count(MemberState::kChosen) > 0) return;
    donors_.clear(context);
    turns_.clear();
    std::vector<Place> places = rank(context);
    if (places.empty()) {
      while (!population_.failed().empty()) population_.end(population_.failed().begin()->second);
      return;
    }
    const bool first = now_ == 0;
    now_ = begun_at(places.front().member) + trial_of(context, places.front().member).stands_at;
    end_hopeless(context, places);
    if (first) keep_better_half(context, places);
    choose_donors(context, places);
    if (!places.empty()) stagnation_.add(places.front().ranked.score);
    const std::string why = stagnation_.verdict();
    if (!why.empty() && now_ + 2 * (2 * interval_) <= settings_.steps) {
      restart(context, places, why);
    } else {
      exploit(context, places, first ? 0 : truncation_size(settings_.quantile, std::ssize(places)));
    }
    if (turns_.empty()) compare_if_all_wait(context);
  }

  /// Those that wait, best first.
  std::vector<Place> rank(const SchedulerContext& context) const {
    std::vector<Place> places;
    for (MemberId id = 0; id < population_.size(); ++id) {
      if (population_.at(id).state != MemberState::kWaiting) continue;
      const Trial& trial = trial_of(context, id);
      places.push_back({{trial.last_score(trial.stands_at).value_or(kWorst), trial.id}, id});
    }
    std::sort(places.begin(), places.end(),
              [](const Place& a, const Place& b) { return a.ranked < b.ranked; });
    return places;
  }

  /// A member that has no finite score again and again, whatever it copies.
  void end_hopeless(SchedulerContext& context, std::vector<Place>& places) {
    for (const Place& place : places) population_.score(place.member, now_, place.ranked.score);
    std::erase_if(places, [&](const Place& place) {
      if (place.ranked.score < kWorst || population_.at(place.member).failures < kMaxFailures) return false;
      context.stop(place.ranked.trial, where() + "no finite score, " + std::to_string(kMaxFailures) +
                                           " times in a row: the member ends");
      population_.end(place.member);
      return true;
    });
    const auto failed = population_.failed();
    for (const auto& [arrival, id] : failed) {
      if (places.empty() || population_.at(id).failures >= kMaxFailures) population_.end(id);
    }
  }

  void keep_better_half(SchedulerContext& context, std::vector<Place>& places) {
    const std::int64_t count = std::ssize(places);
    const auto too_many = [&] {
      return std::ssize(places) + std::ssize(population_.failed()) > settings_.population;
    };
    while (too_many() && !population_.failed().empty())
      population_.end(population_.failed().rbegin()->second);
    while (too_many()) {
      const Place& worst = places.back();
      context.stop(worst.ranked.trial, place_words(context, worst, std::ssize(places), count) +
                                           ", the best " + std::to_string(settings_.population) + " stay");
      population_.end(worst.member);
      places.pop_back();
    }
  }

  void choose_donors(SchedulerContext& context, const std::vector<Place>& places) {
    const auto most = std::max<std::int64_t>(truncation_size(settings_.quantile, std::ssize(places)), 1);
    for (std::int64_t i = 0; i < std::min(most, std::ssize(places)); ++i) {
      const Place& place = places[static_cast<std::size_t>(i)];
      const Origin origin{place.ranked.trial, trial_of(context, place.member).stands_at};
      if (place.ranked.score == kWorst) continue;
      donors_.add(context, {place.ranked, origin, i + 1, begun_at(place.member)});
    }
  }

  std::string place_words(const SchedulerContext& context, const Place& place, std::int64_t rank,
                          std::int64_t count) const {
    return where() + "rank " + std::to_string(rank) + " of " + std::to_string(count) + " (" +
           score_words(context, place.ranked.score) + ")";
  }

  /// The last `giving_way` of them, and those without a finite score, copy one of the best.
  void exploit(SchedulerContext& context, const std::vector<Place>& places, std::int64_t giving_way) {
    const std::int64_t count = std::ssize(places);
    for (std::int64_t i = 0; i < count; ++i) {
      const Place& place = places[static_cast<std::size_t>(i)];
      const bool copies = i >= count - giving_way || place.ranked.score == kWorst;
      add_turn({place.member, copies ? Move::kCopy : Move::kTrainOn, i + 1,
                place_words(context, place, i + 1, count)});
    }
    replace_failed(context);
    sort_turns();
  }

  void restart(SchedulerContext& context, const std::vector<Place>& places, const std::string& why) {
    interval_ *= 2;
    stagnation_ = {};
    const std::int64_t count = std::ssize(places);
    const std::int64_t fresh =
        std::min({static_cast<std::int64_t>(std::llround(settings_.fresh * static_cast<double>(count))),
                  count - 1, trials_left(context)});
    for (std::int64_t i = 0; i < count; ++i) {
      const Place& place = places[static_cast<std::size_t>(i)];
      const bool afresh = i >= count - fresh;
      if (!afresh) donors_.hold(context, {place.ranked.trial, trial_of(context, place.member).stands_at});
      add_turn({place.member, afresh ? Move::kBeginAfresh : Move::kMoveOn, i + 1,
                place_words(context, place, i + 1, count) + ", restart with interval " +
                    std::to_string(interval_) + " as it was " + why});
    }
    replace_failed(context);
    sort_turns();
  }

  void replace_failed(SchedulerContext& context) {
    while (!population_.failed().empty()) {
      const MemberId id = population_.failed().begin()->second;
      add_turn({id, Move::kCopy, 0,
                where() + "trial " + std::to_string(trial_of(context, id).id) + " came to nothing"});
    }
  }

  void add_turn(Turn turn) {
    population_.choose(turn.member);
    turns_.push_back(std::move(turn));
  }

  void sort_turns() {
    std::sort(turns_.begin(), turns_.end(), [](const Turn& a, const Turn& b) {
      return std::pair(a.move == Move::kBeginAfresh, a.member) <
             std::pair(b.move == Move::kBeginAfresh, b.member);
    });
  }

  std::optional<Work> take_turn(SchedulerContext& context, const Turn& turn) {
    const TrialId own = population_.at(turn.member).trial;
    const bool over = is_over(context.board().trial(own).state);
    if (turn.move == Move::kBeginAfresh && may_begin(context)) {
      context.stop(own, turn.place + ", begins afresh");
      begun_at(turn.member) = now_;
      population_.train(turn.member, context.board().size());
      return NewTrial{turn.member, span(), turn.place + ", begins afresh"};
    }
    const auto donor = draw_donor(context, turn, own);
    if (turn.move == Move::kCopy && donor) return copy(context, turn, *donor);
    if (turn.move == Move::kMoveOn && settings_.explore) {
      const Origin origin{own, context.board().trial(own).stands_at};
      if (context.has_checkpoint(origin.trial, origin.step)) {
        context.stop(own, turn.place);
        return clone(context, turn.member, origin, donor ? donor->ranked.trial : own, DecisionKind::kExplore,
                     turn.place + ", goes on with other hyperparameters");
      }
    }
    if (over) {
      population_.fail(turn.member);  // until the next comparison
      return std::nullopt;
    }
    population_.train(turn.member, own);
    return Continue{own, context.board().trial(own).stands_at + span(), DecisionKind::kContinue,
                    turn.place + (turn.move == Move::kCopy ? ", but no donor" : "")};
  }

  Work copy(SchedulerContext& context, const Turn& turn, const Donor& donor) {
    const TrialId own = population_.at(turn.member).trial;
    const std::string of_donor = "trial " + std::to_string(donor.ranked.trial) + ", rank " +
                                 std::to_string(donor.rank) + " (" +
                                 score_words(context, donor.ranked.score) + ")";
    if (!is_over(context.board().trial(own).state)) {
      context.stop(own, turn.place + ", gives way to " + of_donor, donor.ranked.trial);
    }
    begun_at(turn.member) = donor.begun_at;
    const bool keeps = !settings_.explore && context.board().trial(own).has_params();
    return clone(context, turn.member, donor.origin, keeps ? own : donor.ranked.trial, DecisionKind::kExploit,
                 turn.place + ", cloned from " + of_donor);
  }

  Work clone(const SchedulerContext& context, MemberId id, Origin origin, TrialId base, DecisionKind kind,
             std::string reason) {
    population_.train(id, context.board().size());
    return Clone{id, origin, base, origin.step + span(), kind, std::move(reason)};
  }

  /// For one that is to copy: of those before its own rank.
  std::optional<Donor> draw_donor(const SchedulerContext& context, const Turn& turn, TrialId own) const {
    Rng rng(context.seed(), Purpose::kDonor, static_cast<std::uint64_t>(own),
            static_cast<std::uint32_t>(now_));
    const bool any = turn.move != Move::kCopy || turn.rank == 0;
    return donors_.draw(context, any ? std::nullopt : std::optional(turn.rank), rng);
  }

  const IteratedSettings settings_;
  Step interval_;
  Step now_ = 0;  ///< population step of the last comparison
  Population population_;
  std::vector<Step> begun_at_;  ///< by member: the population step at which its line of descent began
  Stagnation stagnation_;
  std::deque<Turn> turns_;
  Donors donors_;  ///< of the last comparison
};

}  // namespace

std::unique_ptr<Scheduler> make_iterated_pbt(const IteratedSettings& settings) {
  return std::make_unique<IteratedPbt>(settings);
}

}  // namespace coppice
