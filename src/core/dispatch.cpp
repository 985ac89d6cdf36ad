// The half of Study that hands out work: which trial goes to which worker, from which state.
#include <algorithm>
#include <utility>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "core/study.hpp"

namespace coppice {

namespace {
/// 31 bits, so that every language's generator takes it.
std::uint64_t trial_seed(std::uint64_t seed, TrialId trial) {
  return Rng(seed, Purpose::kTrialSeed, static_cast<std::uint64_t>(trial)).next_u64() >> 33;
}
}  // namespace

void Study::dispatch() {
  while (!halting_ && !finish_ && !idle_.empty()) {
    if (!ready_.empty()) {
      const TrialId trial = ready_.front();
      ready_.pop_front();
      run(trial);
      continue;
    }
    if (requests_.size() >= idle_.size()) return;  // the answers under way will keep the idle ones busy
    const auto work = scheduler_->next(*this, *idle_.begin());
    if (!work) return;
    take(*work);
  }
}

void Study::take(const Work& work) {
  if (const auto* fresh = std::get_if<NewTrial>(&work)) {
    Trial& trial = board_.add(fresh->member, std::nullopt);
    trial.until = std::min(fresh->until, settings_.steps_per_trial);
    decide(DecisionKind::kStart, trial.id, 0, fresh->reason);
    propose(trial.id, std::nullopt);
  } else if (const auto* more = std::get_if<Continue>(&work)) {
    Trial& trial = board_.edit(more->trial);
    check(trial.state == TrialState::kPaused && more->until > trial.stands_at,
          "only a paused trial goes on, and onwards");
    trial.until = std::min(more->until, settings_.steps_per_trial);
    decide(more->kind, trial.id, trial.stands_at, more->reason);
    run(trial.id);
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

void Study::run(TrialId id) {
  Trial& trial = board_.edit(id);
  const auto source = source_of(trial);
  if (trial.origin && !source) {
    fail(id, DecisionKind::kVoid, "no copy of its origin is left");
    return;
  }
  const WorkerId worker = choose_worker(trial, source);
  const SegmentId segment = make_segment(incarnation_, next_segment_++);
  tried_.insert(id);
  trial.state = TrialState::kRunning;
  trial.worker = worker;
  trial.segment = segment;
  idle_.erase(worker);
  running_.emplace(segment, Running{id, worker});
  command(Run{worker, segment, id, trial.params, trial_seed(settings_.seed, id), source, trial.until,
              trial.steps});
}

std::optional<Source> Study::source_of(const Trial& trial) const {
  const auto* entry = checkpoints_.newest(trial.id);
  if (entry == nullptr && trial.origin) entry = checkpoints_.find(trial.origin->trial, trial.origin->step);
  if (entry == nullptr) return std::nullopt;
  return Source{entry->id, entry->places};
}

/// The worker that trained it last and may still have it in place; else one that holds the state; else the
/// lowest.
WorkerId Study::choose_worker(const Trial& trial, const std::optional<Source>& source) const {
  if (idle_.contains(trial.worker)) return trial.worker;
  if (source) {
    for (const WorkerId place : source->places) {
      if (idle_.contains(place)) return place;
    }
  }
  return *idle_.begin();
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
  check(board_.trial(trial).state == TrialState::kPaused, "only a paused trial is stopped by a scheduler");
  set_over(trial, TrialState::kStopped);
  decide(DecisionKind::kStop, trial, board_.trial(trial).steps, std::move(reason), other);
}

}  // namespace coppice
