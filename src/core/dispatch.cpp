// The half of Study that hands out work: which trial goes to which worker, from which state.
#include <algorithm>
#include <utility>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "core/program_seed.hpp"
#include "core/study.hpp"

namespace coppice {

namespace {
std::uint64_t trial_seed(std::uint64_t seed, TrialId trial) {
  return program_seed(Rng(seed, Purpose::kTrialSeed, static_cast<std::uint64_t>(trial)));
}
}  // namespace

void Study::dispatch() {
  resting_ = false;
  if (halting_ || finish_) return;
  run_ready();
  while (!halting_ && !idle_.empty()) {
    const auto worker = next_for_new_work();
    if (!worker) return;
    look_at_results();
    const auto work = scheduler_->next(*this, *worker);
    if (!work) return;
    take(*work);
  }
}

void Study::run_ready() {
  std::vector<TrialId> resting;
  while (!ready_.empty() && !idle_.empty()) {
    const TrialId trial = ready_.front();
    ready_.pop_front();
    if (!run(trial)) resting.push_back(trial);
  }
  ready_.insert(ready_.begin(), resting.begin(), resting.end());
}

/// The worker that the scheduler is asked for: the lowest idle one with time for a segment, while there are
/// more of those than answers under way. Where nothing else goes on any more, the scheduler is asked all the
/// same, as it may have no more work: then the study is finished, not stopped.
std::optional<WorkerId> Study::next_for_new_work() {
  const auto has_time = [this](WorkerId worker) {
    return fits(kNoTrial, worker) || never_fits(kNoTrial, worker);
  };
  const bool all = !time_is_short();
  const auto first = all ? idle_.begin() : std::find_if(idle_.begin(), idle_.end(), has_time);
  if (first == idle_.end()) {
    const bool quiet = running_.empty() && ready_.empty() && requests_.empty() && backing_off_.empty();
    if (quiet) return *idle_.begin();
    resting_ = true;
    return std::nullopt;
  }
  const auto free = all ? std::ssize(idle_) : std::count_if(first, idle_.end(), has_time);
  if (std::ssize(requests_) >= free) return std::nullopt;  // the answers under way will keep them busy
  // Those that are ready wait for a worker with more time.
  return *first;
}

/// Whether all that the proposal for the next trial is to know is there.
void Study::look_at_results() {
  awaits_results_ = false;
  if (!results_) return;
  while (const auto stretch = results_->next(board_.size())) {
    const Trial& trial = board_.trial(stretch->trial);
    awaits_results_ = !has_ended(trial, stretch->number);
    if (awaits_results_) return;
    results_->take(trial);
  }
}

void Study::take(const Work& work) {
  if (const auto* fresh = std::get_if<NewTrial>(&work)) {
    check(!awaits_results_, "no trial from scratch begins before its sampler knows enough");
    Trial& trial = board_.add(fresh->member, std::nullopt);
    trial.last_rival = fresh->last_rival;
    if (results_) results_->add(trial.id);
    trial.until = std::min(fresh->until, settings_.steps_per_trial);
    decide(DecisionKind::kStart, trial.id, 0, fresh->reason);
    propose(trial.id, std::nullopt);
  } else if (const auto* more = std::get_if<Continue>(&work)) {
    Trial& trial = board_.edit(more->trial);
    check(trial.state == TrialState::kPaused && more->until > trial.stands_at,
          "only a paused trial goes on, and onwards");
    trial.until = std::min(more->until, settings_.steps_per_trial);
    decide(more->kind, trial.id, trial.stands_at, more->reason);
    if (!run(trial.id)) requeue(trial.id);
  } else if (const auto* rerun = std::get_if<Rerun>(&work)) {
    Trial& trial = board_.add(kNoMember, Origin{rerun->trial, 0});
    trial.params = board_.trial(rerun->trial).params;
    trial.until = std::min(rerun->until, settings_.steps_per_trial);
    decide(DecisionKind::kRerun, trial.id, 0, rerun->reason, rerun->trial);
    if (!run(trial.id)) requeue(trial.id);
  } else {
    const auto& clone = std::get<Clone>(work);
    check(checkpoints_.find(clone.origin.trial, clone.origin.step) != nullptr, "a clone's origin exists");
    Trial& trial = board_.add(clone.member, clone.origin);
    trial.until = std::min(clone.until, settings_.steps_per_trial);
    checkpoints_.depend(clone.origin, trial.id);
    decide(clone.kind, trial.id, clone.origin.step, clone.reason, clone.origin.trial);
    propose(trial.id, clone.base);
  }
}

void Study::propose(TrialId trial, std::optional<TrialId> base) {
  const RequestId request = next_request_++;
  requests_.emplace(request, trial);
  if (base) bases_.emplace(trial, *base);
  command(Propose{request, trial, base});
}

/// There are no hyperparameters for it, nor for any trial from scratch after it.
void Study::withdraw(TrialId trial, const std::string& why) {
  check(!bases_.contains(trial), "an explorer has always something to propose");
  exhausted_ = "the search space is exhausted: " + why;
  set_over(trial, TrialState::kStopped);
  decide(DecisionKind::kStop, trial, 0, exhausted_);
  scheduler_->on_failed(*this, trial, FailureCause::kExhausted);
}

/// False where no idle worker has the time for it: it waits.
bool Study::run(TrialId id) {
  const auto source = source_of(board_.trial(id));
  if (board_.trial(id).origin && !board_.trial(id).is_rerun() && !source) {
    fail(id, DecisionKind::kVoid, "no copy of its origin is left");
    return true;
  }
  const auto worker = choose_worker(board_.trial(id), source);
  if (!worker) {
    resting_ = true;
    return false;
  }
  const SegmentId segment = make_segment(incarnation_, next_segment_++);
  tried_.insert(id);
  Trial& trial = board_.edit(id);
  trial.state = TrialState::kRunning;
  trial.worker = *worker;
  trial.segment = segment;
  workers_.at(*worker).worked = true;
  workers_.at(*worker).last_trial = kNoTrial;
  idle_.erase(*worker);
  running_.emplace(segment, Running{id, *worker});
  command(Run{*worker, segment, id, trial.params, trial_seed(settings_.seed, id), source, trial.until,
              trial.steps});
  return true;
}

std::optional<Source> Study::source_of(const Trial& trial) const {
  const auto* entry = checkpoints_.newest(trial.id);
  if (entry == nullptr && trial.origin) entry = checkpoints_.find(trial.origin->trial, trial.origin->step);
  if (entry == nullptr) return std::nullopt;
  return Source{entry->id, entry->places};
}

/// Of the idle workers with time for it: the one that trained it last and may still have it in place; else
/// one that holds the state; else the lowest. Nothing where none has.
std::optional<WorkerId> Study::choose_worker(const Trial& trial, const std::optional<Source>& source) {
  const auto may = [&](WorkerId worker) { return idle_.contains(worker) && fits(trial.id, worker); };
  if (may(trial.worker)) return trial.worker;
  if (source) {
    for (const WorkerId place : source->places) {
      if (may(place)) return place;
    }
  }
  for (const WorkerId worker : idle_) {
    if (may(worker)) return worker;
  }
  for (const WorkerId worker : idle_) {
    if (!never_fits(trial.id, worker)) continue;
    decide(DecisionKind::kContinue, trial.id, trial.stands_at,
           "tried, though it would fit into none of the last allocations: " + time_text(*time_left_s_));
    return worker;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Study::max_trials() const {
  return exhausted_.empty() ? max_trials_ : board_.fresh();
}

bool Study::has_checkpoint(TrialId trial, Step step) const {
  return checkpoints_.find(trial, step) != nullptr;
}

void Study::hold(TrialId trial, Step step) {
  checkpoints_.hold(trial, step);
}

void Study::release(TrialId trial, Step step) {
  checkpoints_.release(trial, step);
  drop_unneeded(trial);
}

void Study::stop(TrialId trial, std::string reason, TrialId other) {
  const Trial& t = board_.trial(trial);
  const bool trains = t.state == TrialState::kRunning;
  check(trains || t.state == TrialState::kPaused, "a scheduler stops a trial that trains or is paused");
  if (trains && !halting_) command(Stop{t.worker, t.segment});
  set_over(trial, TrialState::kStopped);
  decide(DecisionKind::kStop, trial, board_.trial(trial).steps, std::move(reason), other);
}

}  // namespace coppice
