/// A scheduler on the bench: plays Study's part by hand, one trial at a time, with no workers and no
/// hyperparameters.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "schedulers/catalog.hpp"

namespace coppice {

class Bench final : public SchedulerContext {
 public:
  Bench(const std::string& name, Options options, SchedulerSetup setup) : setup_(setup) {
    const SchedulerInfo* info = find_scheduler(name);
    EXPECT_NE(info, nullptr);
    EXPECT_EQ(info->check(options, setup), "");
    limit_ = steps_per_trial(options, setup);
    scheduler_ = info->make(options, setup);
  }
  Bench(std::unique_ptr<Scheduler> scheduler, SchedulerSetup setup, Step limit)
      : setup_(setup), limit_(limit), scheduler_(std::move(scheduler)) {}

  // ---- what Study does
  // --------------------------------------------------------------------------------------------------

  /// Asks for work and carries it out as far as Study would; returns the work.
  std::optional<Work> next(WorkerId worker = 0) {
    auto work = scheduler_->next(*this, worker);
    if (!work) return work;
    if (const auto* fresh = std::get_if<NewTrial>(&*work)) {
      begin(fresh->member, std::nullopt, fresh->until, worker);
    } else if (const auto* more = std::get_if<Continue>(&*work)) {
      Trial& trial = board_.edit(more->trial);
      EXPECT_EQ(trial.state, TrialState::kPaused);
      EXPECT_GT(more->until, trial.stands_at);
      trial.until = more->until;
      trial.state = TrialState::kRunning;
      trial.worker = worker;
    } else if (const auto* rerun = std::get_if<Rerun>(&*work)) {
      begin(kNoMember, Origin{rerun->trial, 0}, rerun->until, worker);
    } else {
      const Clone& clone = std::get<Clone>(*work);
      EXPECT_TRUE(has_checkpoint(clone.origin.trial, clone.origin.step)) << "an origin is held";
      begin(clone.member, clone.origin, clone.until, worker);
    }
    return work;
  }
  NewTrial next_new(WorkerId worker = 0) { return expect<NewTrial>(next(worker)); }
  Continue next_continue(WorkerId worker = 0) { return expect<Continue>(next(worker)); }
  Rerun next_rerun(WorkerId worker = 0) { return expect<Rerun>(next(worker)); }
  Clone next_clone(WorkerId worker = 0) { return expect<Clone>(next(worker)); }

  /// The trial trains and reports this; nothing: a report without the objective. Returns whether it goes on.
  bool report(TrialId id, Step step, std::optional<Score> score) {
    EXPECT_EQ(board_.trial(id).state, TrialState::kRunning);
    board_.report(id, step, score);
    scheduler_->on_report(*this, id);
    return board_.trial(id).state == TrialState::kRunning;
  }
  /// The trial reports this score at the end of its segment, saves and stands there.
  void reach(TrialId id, Score score) {
    Trial& trial = board_.edit(id);
    EXPECT_EQ(trial.state, TrialState::kRunning);
    if (trial.until > trial.steps && !report(id, trial.until, score)) return;
    trial.stands_at = trial.until;
    trial.state = trial.until >= limit_ ? TrialState::kComplete : TrialState::kPaused;
    if (saves) checkpoints_.insert({id, trial.until});
    drop_unneeded(id);
    scheduler_->on_reached(*this, id);
  }
  /// The trainable has nothing more to train after `step`.
  void end_early(TrialId id, Step step, Score score) {
    Trial& trial = board_.edit(id);
    if (!report(id, step, score)) return;
    trial.stands_at = step;
    trial.state = TrialState::kComplete;
    scheduler_->on_reached(*this, id);
  }
  void fail(TrialId id) {
    board_.edit(id).failures = 1;
    board_.edit(id).state = TrialState::kFailed;
    drop_unneeded(id);
    scheduler_->on_failed(*this, id, FailureCause::kTrial);
  }
  void lose_origin(TrialId id) {
    board_.edit(id).state = TrialState::kFailed;
    scheduler_->on_failed(*this, id, FailureCause::kOriginLost);
  }
  void lose_checkpoint(TrialId id, Step step) { checkpoints_.erase({id, step}); }

  // ---- SchedulerContext
  // ---------------------------------------------------------------------------------------------------

  const Board& board() const override { return board_; }
  std::uint64_t seed() const override { return 1; }
  double value_of(Score score) const override { return score; }
  bool endless() const override { return !setup_.ends(); }
  std::optional<std::int64_t> max_trials() const override { return setup_.max_trials; }
  bool has_checkpoint(TrialId trial, Step step) const override {
    return checkpoints_.contains({trial, step});
  }
  void hold(TrialId trial, Step step) override {
    if (has_checkpoint(trial, step)) ++holds[{trial, step}];
  }
  void release(TrialId trial, Step step) override {
    if (--holds[{trial, step}] == 0) holds.erase({trial, step});
    drop_unneeded(trial);
  }
  void stop(TrialId trial, std::string reason, TrialId other) override {
    const TrialState state = board_.trial(trial).state;
    EXPECT_TRUE(state == TrialState::kPaused || state == TrialState::kRunning);
    board_.edit(trial).state = TrialState::kStopped;
    stops.push_back({DecisionKind::kStop, trial, other, board_.trial(trial).steps, std::move(reason)});
    drop_unneeded(trial);
  }

  bool saves = true;
  std::vector<Decision> stops;
  std::map<std::pair<TrialId, Step>, int> holds;

 private:
  void begin(MemberId member, std::optional<Origin> origin, Step until, WorkerId worker) {
    Trial& trial = board_.add(member, origin);
    trial.until = until;
    trial.state = TrialState::kRunning;
    trial.worker = worker;
  }
  template <class T>
  T expect(const std::optional<Work>& work) {
    const T* value = work ? std::get_if<T>(&*work) : nullptr;
    EXPECT_NE(value, nullptr) << "another kind of work, or none";
    return value != nullptr ? *value : T{};
  }
  /// As Study: only the newest state of a living trial is kept, unless it is held.
  void drop_unneeded(TrialId id) {
    const bool over = is_over(board_.trial(id).state);
    std::erase_if(checkpoints_, [&](const auto& key) {
      const auto newest = std::prev(checkpoints_.lower_bound({id + 1, 0}));
      return key.first == id && (over || key != *newest) && !holds.contains(key);
    });
  }

  SchedulerSetup setup_;
  Step limit_ = kOpenEnd;
  Board board_;
  std::unique_ptr<Scheduler> scheduler_;
  std::set<std::pair<TrialId, Step>> checkpoints_;
};

inline Options options_of(std::vector<std::pair<std::string, OptionValue>> items) {
  Options options;
  for (auto& [name, value] : items) options.set(name, value);
  return options;
}

}  // namespace coppice
