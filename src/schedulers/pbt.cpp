/// pbt: population-based training. Jaderberg et al. (2017), arXiv 1711.09846.
///
/// A population of members trains in segments of `interval` steps. A member that is among the worst k at some
/// step gives way to a clone of one of the best k (truncation selection), which begins from the donor's state
/// *at that same step*; an explorer gives it other hyperparameters. So scores are only ever compared at equal
/// steps, and a score belongs to the state that it was measured on. Ties go to the older trial. Nothing is
/// decided at the last step.
///
/// Synchronous: all members wait for each other at each interval and are judged together, in the order of
/// members; every decision then depends on results alone. Asynchronous: a member is judged when a worker is
/// free for it (the least advanced member first), at the largest step that it has passed since it was judged
/// last and at which at least half of the members have scores. So nobody waits; a member that is ahead may be
/// judged at a step behind it, and then its clone begins there. States of possible donors are held: at most k
/// for each ready step from the one at which the least recently judged member was judged to the most advanced
/// one.
///
/// A member without a finite score is replaced whatever its rank, and a failed one as soon as there is a
/// donor, but after kMaxFailures failures in a row it ends. With `exploit: none` nobody is copied: a failed
/// member ends.
#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "core/scheduler.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/standings.hpp"
#include "schedulers/words.hpp"

namespace coppice {

namespace {

/// Trials of a member in a row that failed or lost their finite score before they came further than the
/// member ever was: then copying does not help, and would go on for ever.
constexpr int kMaxFailures = 3;

struct PbtSettings {
  std::int32_t population = 0;
  Step interval = 1;
  Step steps = 1;
  double quantile = 0.25;
  bool exploit = true;
  bool explore = true;
  bool synchronous = false;
};

enum class MemberState {
  kNew,
  kTraining,
  kWaiting,  ///< stands at the end of a segment
  kChosen,   ///< synchronous: judged, and waits for a worker
  kFailed,
  kOver,
};

struct Member {
  MemberState state = MemberState::kNew;
  TrialId trial = kNoTrial;
  Step judged_at = 0;  ///< or cloned at
  std::int64_t arrival = 0;
  Step furthest = 0;  ///< step at which it had a finite score
  int failures = 0;   ///< of its trials in a row, none of which came further
};

class Pbt final : public Scheduler {
 public:
  explicit Pbt(PbtSettings settings)
      : settings_(settings),
        members_(static_cast<std::size_t>(settings.population)),
        standings_(settings.population, settings.quantile) {}

  void on_reached(SchedulerContext& context, TrialId id) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    Member& member = member_of(trial);
    if (trial.state == TrialState::kComplete) {
      member.state = MemberState::kOver;
      // It ended early: what follows from its states would end there too.
      if (trial.stands_at < settings_.steps && !settings_.synchronous) standings_.disqualify(context, id);
    } else {
      member.state = MemberState::kWaiting;
      member.arrival = ++arrivals_;
      const auto score = trial.last_score(trial.stands_at);
      if (score == kWorst) {
        ++member.failures;
      } else if (trial.stands_at > member.furthest) {
        member.furthest = trial.stands_at;
        member.failures = 0;
      }
      if (settings_.exploit && score && trial.stands_at % settings_.interval == 0) {
        standings_.record(context, trial.stands_at, trial.member, {*score, id});
      }
    }
    if (settings_.synchronous) judge_if_all_wait(context);
  }

  void on_failed(SchedulerContext& context, TrialId id, FailureCause cause) override {
    release_held(context);
    const Trial& trial = context.board().trial(id);
    Member& member = member_of(trial);
    const bool lost_its_origin = cause == FailureCause::kOriginLost;
    if (!lost_its_origin) {
      ++member.failures;
      // In synchronous mode a later failure must not change who may be copied now: that would be a matter of
      // timing.
      if (!settings_.synchronous) standings_.disqualify(context, id);
    }
    const bool ends = !settings_.exploit || member.failures >= kMaxFailures;
    member.state = ends ? MemberState::kOver : MemberState::kFailed;
    member.arrival = ++arrivals_;
    if (!settings_.synchronous) return;
    if (!ends && lost_its_origin) {
      choose(trial.member);
    } else {
      judge_if_all_wait(context);
    }
  }

  std::optional<Work> next(SchedulerContext& context, WorkerId worker) override {
    release_held(context);
    if (settings_.synchronous) return next_in_turn(context);
    std::optional<Work> work = next_least_advanced(context, worker);
    forget_judged(context);
    return work;
  }

 private:
  Member& member_of(const Trial& trial) {
    Member& member = members_.at(static_cast<std::size_t>(trial.member));
    check(member.trial == trial.id, "a member's trial is the one that was begun last in its place");
    return member;
  }

  // ---- which member
  // ---------------------------------------------------------------------------------------------------

  std::optional<Work> next_least_advanced(SchedulerContext& context, WorkerId worker) {
    std::optional<std::tuple<Step, bool, std::int64_t>> least;
    MemberId chosen = kNoMember;
    for (MemberId id = 0; id < settings_.population; ++id) {
      const Member& member = members_[static_cast<std::size_t>(id)];
      const auto position = position_of(context, id, member);
      if (!position) continue;
      const bool elsewhere = member.trial == kNoTrial || context.board().trial(member.trial).worker != worker;
      const std::tuple key(*position, elsewhere, member.arrival);
      if (least && !(key < *least)) continue;
      least = key;
      chosen = id;
    }
    if (chosen == kNoMember) return std::nullopt;
    Member& member = members_[static_cast<std::size_t>(chosen)];
    if (member.state == MemberState::kNew) return begin(context, chosen);
    if (!settings_.exploit) return go_on(context, chosen);
    const Trial& trial = context.board().trial(member.trial);
    const bool diverged = trial.last_score(trial.stands_at) == kWorst && member.failures < kMaxFailures;
    if (member.state == MemberState::kFailed || diverged) {
      const auto step = standings_.donor_step(context, chosen);
      if (step) return exploit(context, chosen, *step, standings_.donors(context, *step, chosen));
    }
    const auto step = standings_.comparable_step(member.judged_at, trial.stands_at);
    if (!step) return go_on(context, chosen);
    return judge(context, chosen, *step);
  }

  /// Where a member that could have a worker stands; nothing where it could not.
  std::optional<Step> position_of(const SchedulerContext& context, MemberId id, const Member& member) const {
    switch (member.state) {
      case MemberState::kNew:
        return may_begin(context) ? std::optional<Step>(0) : std::nullopt;
      case MemberState::kWaiting:
        return context.board().trial(member.trial).stands_at;
      case MemberState::kFailed:
        return standings_.donor_step(context, id);
      default:
        return std::nullopt;
    }
  }

  std::optional<Work> next_in_turn(SchedulerContext& context) {
    for (MemberId id = 0; id < settings_.population; ++id) {
      if (members_[static_cast<std::size_t>(id)].state == MemberState::kNew && may_begin(context)) {
        return begin(context, id);
      }
    }
    while (!turn_.empty()) {
      const MemberId id = turn_.front();
      turn_.pop_front();
      Member& member = members_[static_cast<std::size_t>(id)];
      if (!settings_.exploit) return go_on(context, id);
      if (context.board().trial(member.trial).state != TrialState::kFailed)
        return judge(context, id, barrier_);
      const auto donors = standings_.donors(context, barrier_, id);
      if (!donors.empty()) return exploit(context, id, barrier_, donors);
      member.state = MemberState::kFailed;
      judge_if_all_wait(context);
    }
    return std::nullopt;
  }

  void judge_if_all_wait(SchedulerContext& context) {
    Step barrier = 0;
    for (const Member& member : members_) {
      switch (member.state) {
        case MemberState::kTraining:
        case MemberState::kChosen:
          return;
        case MemberState::kNew:
          if (may_begin(context)) return;
          break;
        case MemberState::kWaiting:
          barrier = context.board().trial(member.trial).stands_at;
          break;
        case MemberState::kFailed:
        case MemberState::kOver:
          break;
      }
    }
    if (barrier == 0) return;  // only failed ones are left
    barrier_ = barrier;
    standings_.forget_before(context, barrier);
    for (MemberId id = 0; id < settings_.population; ++id) {
      const MemberState state = members_[static_cast<std::size_t>(id)].state;
      if (state == MemberState::kWaiting || state == MemberState::kFailed) choose(id);
    }
  }

  void choose(MemberId id) {
    members_[static_cast<std::size_t>(id)].state = MemberState::kChosen;
    turn_.push_back(id);
  }

  static bool may_begin(const SchedulerContext& context) {
    const auto limit = context.max_trials();
    return !limit || context.board().fresh() < *limit;
  }

  // ---- what it does
  // ---------------------------------------------------------------------------------------------------

  Step segment_end(Step from) const {
    return std::min((from / settings_.interval + 1) * settings_.interval, settings_.steps);
  }

  Work begin(const SchedulerContext& context, MemberId id) {
    Member& member = members_[static_cast<std::size_t>(id)];
    member.state = MemberState::kTraining;
    member.trial = context.board().size();
    return NewTrial{id, segment_end(0), "member " + std::to_string(id) + " of the population begins"};
  }

  Work judge(SchedulerContext& context, MemberId id, Step step) {
    Member& member = members_[static_cast<std::size_t>(id)];
    member.judged_at = step;
    const auto own = standings_.standing(step, id);
    if (!own) return go_on(context, id);
    if (own->in_bottom) {
      const auto donors = standings_.donors(context, step, id, own->rank);
      if (!donors.empty()) return exploit(context, id, step, donors);
    }
    return train_on(context, id, place_words(step, context, *own) + (own->in_bottom ? ", but no donor" : ""));
  }

  /// Without a comparison: with hyperparameters explored, where nobody is copied.
  Work go_on(SchedulerContext& context, MemberId id) {
    const Trial& trial = context.board().trial(members_[static_cast<std::size_t>(id)].trial);
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

  Work train_on(const SchedulerContext& context, MemberId id, std::string reason) {
    Member& member = members_[static_cast<std::size_t>(id)];
    member.state = MemberState::kTraining;
    const Step from = context.board().trial(member.trial).stands_at;
    return Continue{member.trial, segment_end(from), DecisionKind::kContinue, std::move(reason)};
  }

  Work exploit(SchedulerContext& context, MemberId id, Step step, const std::vector<Standing>& donors) {
    Member& member = members_[static_cast<std::size_t>(id)];
    const TrialId loser = member.trial;
    Rng rng(context.seed(), Purpose::kDonor, static_cast<std::uint64_t>(loser),
            static_cast<std::uint32_t>(step));
    const Standing& donor = donors[rng.below(donors.size())];
    const std::string of_donor = "trial " + std::to_string(donor.ranked.trial) + ", rank " +
                                 std::to_string(donor.rank) + " (" +
                                 score_words(context, donor.ranked.score) + ")";
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
    member.judged_at = step;
    return clone(context, id, {donor.ranked.trial, step}, settings_.explore ? donor.ranked.trial : loser,
                 DecisionKind::kExploit, place + ", cloned from " + of_donor);
  }

  Work clone(const SchedulerContext& context, MemberId id, Origin origin, TrialId base, DecisionKind kind,
             std::string reason) {
    Member& member = members_[static_cast<std::size_t>(id)];
    member.state = MemberState::kTraining;
    member.trial = context.board().size();
    return Clone{id, origin, base, segment_end(origin.step), kind, std::move(reason)};
  }

  static std::string place_words(Step step, const SchedulerContext& context, const Standing& own) {
    return "step " + std::to_string(step) + ": rank " + std::to_string(own.rank) + " of " +
           std::to_string(own.count) + " (" + score_words(context, own.ranked.score) + ")";
  }

  // ---- states that are kept
  // ---------------------------------------------------------------------------------------------

  void release_held(SchedulerContext& context) {
    for (const Origin& own : held_) context.release(own.trial, own.step);
    held_.clear();
  }

  /// Lets go of the steps at which nobody will be judged any more.
  void forget_judged(SchedulerContext& context) {
    Step needed = kOpenEnd;
    for (MemberId id = 0; id < settings_.population; ++id) {
      const Member& member = members_[static_cast<std::size_t>(id)];
      if (member.state == MemberState::kOver) continue;
      if (member.state == MemberState::kFailed) {
        needed = std::min(needed, standings_.donor_step(context, id).value_or(kOpenEnd));
      } else {
        needed = std::min(needed, member.judged_at);
      }
    }
    standings_.forget_before(context, needed);
  }

  PbtSettings settings_;
  std::vector<Member> members_;
  Standings standings_;
  std::int64_t arrivals_ = 0;
  std::vector<Origin> held_;   ///< of explorers' own states: until the next call
  Step barrier_ = 0;           ///< synchronous: the step at which all were judged last
  std::deque<MemberId> turn_;  ///< synchronous: judged there, in the order of members
};

bool is_synchronous(const Options& options, const SchedulerSetup& setup) {
  return options.flag("synchronous", setup.deterministic);
}

std::string check_pbt(const Options& options, const SchedulerSetup& setup) {
  if (!setup.steps_per_trial) return "pbt needs budget.steps_per_trial";
  const auto population = options.integer("population", 0);
  if (setup.max_trials && *setup.max_trials < population) {
    return "budget.trials " + std::to_string(*setup.max_trials) + " is less than pbt.population " +
           std::to_string(population) + "; raise it, or lower the population";
  }
  if (options.numbers("factors", {1}).empty())
    return "pbt.factors is empty; name at least one, e.g. [0.8, 1.2]";
  if (setup.deterministic && !is_synchronous(options, setup)) {
    return "pbt with synchronous: false decides by the order of arrival; remove it or deterministic";
  }
  if (setup.deterministic && setup.has_target) return std::string(kTargetIsTiming);
  return "";
}

std::unique_ptr<Scheduler> make_pbt(const Options& options, const SchedulerSetup& setup) {
  PbtSettings settings;
  settings.population = static_cast<std::int32_t>(options.integer("population", 0));
  settings.interval = options.integer("interval", 1);
  settings.steps = steps_per_trial(options, setup);
  settings.quantile = options.number("quantile", 0.25);
  settings.exploit = options.text("exploit", "truncation") == "truncation";
  settings.explore = options.text("explore", "perturb") != "none";
  settings.synchronous = is_synchronous(options, setup);
  return std::make_unique<Pbt>(settings);
}

std::optional<std::int64_t> planned_pbt(const Options& options, const SchedulerSetup&) {
  return options.integer("population", 0);
}

}  // namespace

SchedulerInfo pbt_entry() {
  return {"pbt",
          "population-based training: the worst members go on from the best ones' states",
          {{.name = "population",
            .type = OptionType::kInt,
            .help = "members that train side by side",
            .required = true,
            .low = 1,
            .high = 100000},
           {.name = "interval",
            .type = OptionType::kInt,
            .help = "steps between two decisions (1)",
            .low = 1,
            .high = 1e12},
           {.name = "quantile",
            .type = OptionType::kNumber,
            .help = "the part that is replaced, and the part that is copied (0.25)",
            .low = 0,
            .high = 0.5},
           {.name = "resample_probability",
            .type = OptionType::kNumber,
            .help = "of each hyperparameter, when it is perturbed (0.25)",
            .low = 0,
            .high = 1},
           {.name = "factors",
            .type = OptionType::kNumbers,
            .help = "one of which a hyperparameter is perturbed by ([0.8, 1.2])",
            .low = 0.01,
            .high = 100},
           {.name = "exploit",
            .type = OptionType::kText,
            .help = "truncation: the worst copy the best; none: nobody is copied",
            .choices = {"truncation", "none"}},
           {.name = "explore",
            .type = OptionType::kText,
            .help = "what becomes of a clone's hyperparameters: perturb, resample, or none: it keeps its own",
            .choices = {"perturb", "resample", "none"}},
           {.name = "synchronous",
            .type = OptionType::kBool,
            .help = "members wait for each other at every interval (false; true where deterministic)"}},
          check_pbt,
          make_pbt,
          planned_pbt};
}

}  // namespace coppice
