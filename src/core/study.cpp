#include "core/study.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "coppice/rng.hpp"
#include "core/check.hpp"
#include "core/repeats.hpp"

namespace coppice {

Study::Study(StudySettings settings, std::unique_ptr<Scheduler> scheduler)
    : settings_(std::move(settings)), scheduler_(std::move(scheduler)), retries_(settings_.retries) {
  objectives_.push_back({settings_.metric, settings_.minimize});
  objectives_.insert(objectives_.end(), settings_.further.begin(), settings_.further.end());
  checkpoints_.keep(settings_.keep);
  if (settings_.lag) results_.emplace(*settings_.lag);
}

Effects Study::step(const Event& event) {
  effects_ = {};
  effects_.accepted = std::visit([this](const auto& e) { return on(e); }, event);
  if (effects_.accepted) {
    halt_at_standstill();
    dispatch();
    finish_if_quiet();
  }
  changed_ = board_.take_edited();
  std::erase_if(changed_, [this](TrialId id) { return !board_.trial(id).has_params(); });
  return std::move(effects_);
}

Score Study::score_of(double value) const {
  return objectives_.front().score_of(value);
}

double Study::value_of(Score score) const {
  return objectives_.front().value_of(score);
}

bool Study::on(const Begun& event) {
  check(event.incarnation > incarnation_, "incarnations rise");
  incarnation_ = event.incarnation;
  next_segment_ = 1;
  max_trials_ = event.max_trials;
  target_ = event.target;
  endless_ = event.endless;
  patience_ = event.patience;
  if (event.retries) retries_ = *event.retries;
  if (event.keep) checkpoints_.keep(*event.keep);
  begin_allocation(event.time_left_s);
  halting_ = false;
  finish_.reset();
  tried_.clear();
  failed_.clear();
  for (const TrialId trial : ready_) board_.edit(trial).state = TrialState::kReady;
  for (const TrialId trial : std::exchange(backing_off_, {})) requeue(trial);
  while (!workers_.empty()) lose_worker(workers_.begin()->first);
  for (const auto& [request, trial] : requests_) {
    const Trial& t = board_.trial(trial);
    command(Propose{request, trial, bases_.contains(trial) ? std::optional(bases_.at(trial)) : std::nullopt});
    check(t.state == TrialState::kProposing, "an open request belongs to a trial that waits for it");
  }
  if (target_ && board_.incumbent().trial != kNoTrial && board_.incumbent().score <= score_of(*target_)) {
    halt(Outcome::kFinished, "the target was reached before");
  }
  return true;
}

bool Study::on(const WorkerUp& event) {
  check(event.worker == next_worker_, "worker ids are dense and never used again");
  ++next_worker_;
  workers_[event.worker].kind = event.device_name.empty() ? kCpu : event.device_name;
  idle_.insert(event.worker);
  return true;
}

bool Study::on(const WorkerLost& event) {
  if (!workers_.contains(event.worker)) return false;
  lose_worker(event.worker);
  return true;
}

void Study::lose_worker(WorkerId worker) {
  for (const CheckpointId& id : checkpoints_.at(worker)) checkpoints_.remove(id, worker);
  const auto it = std::find_if(running_.begin(), running_.end(),
                               [worker](const auto& item) { return item.second.worker == worker; });
  if (it != running_.end()) cut_segment(it->first);
  idle_.erase(worker);
  workers_.erase(worker);
}

bool Study::on(const Proposed& event) {
  const auto it = requests_.find(event.request);
  if (it == requests_.end()) return false;
  if (event.exhausted) {
    const TrialId left_over = it->second;
    requests_.erase(it);
    withdraw(left_over, event.note);
    return true;
  }
  Trial& trial = board_.edit(it->second);
  check(settings_.space.admits(event.params), "a proposal lies in the search space");
  trial.params = event.params;
  trial.tag = event.tag;
  requests_.erase(it);
  bases_.erase(trial.id);
  requeue(trial.id);
  return true;
}

bool Study::on(const Reported& event) {
  const auto it = running_.find(event.segment);
  if (it == running_.end() || it->second.trial != event.trial) return false;
  const Trial& trial = board_.trial(event.trial);
  // Whatever a stopped trial's worker still does, the curve ends where the decision was made.
  if (event.step <= trial.steps || is_over(trial.state)) return false;
  measure(event, it->second);
  const std::optional<double> value = find_metric(event.metrics, settings_.metric);
  std::optional<Score> score;
  if (value) {
    score = score_of(*value);
    any_score_ = true;
  } else if (!any_score_) {
    other_metrics_.clear();
    for (const auto& [name, number] : split_repeats(event.metrics, settings_.repeats).mean)
      other_metrics_ += (other_metrics_.empty() ? "" : ", ") + name;
  }
  standstill_.on_report(event.trial, score, event.step - board_.trial(event.trial).steps,
                        patience_.min_delta);
  if (board_.report(event.trial, event.step, score,
                    assess(objectives_, settings_.constraints, event.metrics))) {
    decide(DecisionKind::kIncumbent, event.trial, event.step, settings_.metric + " " + to_text(*value));
    if (target_ && !halting_ && *score <= score_of(*target_)) {
      halt(Outcome::kFinished,
           settings_.metric + " " + to_text(*value) + " reached the target " + to_text(*target_));
    }
  }
  scheduler_->on_report(*this, event.trial);
  return true;
}

bool Study::on(const Saved& event) {
  if (event.place != kDisk && !workers_.contains(event.place)) return false;
  const CheckpointId& id = event.checkpoint;
  const auto* known = checkpoints_.find(id.trial, id.step);
  const bool current = running_.contains(id.segment) && running_.at(id.segment).trial == id.trial;
  if (!current && (known == nullptr || known->id != id)) return false;
  if (known != nullptr && known->id != id) {
    command(Drop{id, {event.place}});
    return true;
  }
  if (!checkpoints_.add(id, event.place, event.size_bytes)) return false;
  if (event.write_s > 0) times_.to_disk.add(event.write_s);
  if (current && event.place == running_.at(id.segment).worker) ++running_.at(id.segment).saves;
  // It got over where it failed before: what fails a week later is another matter.
  const Trial& trial = board_.trial(id.trial);
  if (trial.failures > 0 && id.step > trial.failed_after) board_.edit(id.trial).failures = 0;

  if (checkpoints_.find(id.trial, id.step)->safe()) {
    if (trial.origin && checkpoints_.has_enough(trial.id)) {
      checkpoints_.undepend(*trial.origin, trial.id);
      drop_unneeded(trial.origin->trial);
    }
    if (const auto score = trial.score_at(id.step)) {
      if (const auto before = checkpoints_.offer_best(id, *score)) drop_unneeded(before->trial);
    }
  }
  drop_unneeded(id.trial);
  return true;
}

bool Study::on(const CheckpointLost& event) {
  return checkpoints_.remove(event.checkpoint, event.place);
}

bool Study::on(const SegmentEnded& event) {
  const auto it = running_.find(event.segment);
  if (it == running_.end() || it->second.trial != event.trial) return false;
  measure(event, it->second);
  workers_.at(it->second.worker).last_trial = event.trial;
  end_segment(event.segment);
  Trial& trial = board_.edit(event.trial);
  if (is_over(trial.state)) return true;  // it was stopped
  trial.stands_at = event.step;
  if (event.done || event.step >= settings_.steps_per_trial) {
    if (trial.curve.empty()) {
      const std::string error = "it ended without reporting '" + settings_.metric + "'" +
                                (other_metrics_.empty() ? "" : "; it reported " + other_metrics_);
      fail(trial.id, DecisionKind::kFail, error);
      failed_.insert(event.trial);
      halt_if_all_fail(error);
      return true;
    }
    trial.failures = 0;
    set_over(trial.id, TrialState::kComplete);
    decide(DecisionKind::kComplete, trial.id, trial.steps,
           event.done ? "nothing more to train" : "trained all its steps");
    scheduler_->on_reached(*this, event.trial);
  } else if (event.step >= trial.until) {
    trial.failures = 0;
    trial.state = TrialState::kPaused;
    trial.stops.push_back(event.step);
    scheduler_->on_reached(*this, event.trial);
  } else if (halting_) {
    requeue(event.trial);
  } else {
    on_failure(event.trial, event.step,
               "the segment ended at step " + std::to_string(event.step) + ", before step " +
                   std::to_string(trial.until) + ", without being asked to");
  }
  return true;
}

bool Study::on(const StopRequested& event) {
  if (halting_ || finish_) return false;
  halt(event.cause == StopCause::kWallTime ? Outcome::kFinished : Outcome::kStopped,
       std::string(to_text(event.cause)) + (event.reason.empty() ? "" : ": " + event.reason));
  return true;
}

bool Study::on(const GivenUp&) {
  if (!halting_ || running_.empty()) return false;
  while (!running_.empty()) cut_segment(running_.begin()->first);
  return true;
}

void Study::halt(Outcome outcome, std::string reason) {
  halting_ = true;
  halt_finish_ = {outcome, reason};
  for (const auto& [segment, running] : running_) command(Stop{running.worker, segment});
  decide(DecisionKind::kHalt, kNoTrial, 0, std::move(reason));
}

void Study::halt_at_standstill() {
  if (halting_ || finish_) return;
  const auto reason = standstill_.too_long(
      patience_, [this](Score score) { return settings_.metric + " " + to_text(value_of(score)); });
  if (reason) halt(Outcome::kFinished, *reason);
}

void Study::finish_if_quiet() {
  if (finish_ || !running_.empty() || incarnation_ == 0) return;
  if (resting_ && !halting_ && backing_off_.empty() && requests_.empty()) {
    halt(Outcome::kStopped, std::string(to_text(StopCause::kTimeLimit)) +
                                ": no segment that is left can end in time: " + time_text(*time_left_s_));
  }
  if (halting_) {
    finish_ = halt_finish_;
  } else if (!idle_.empty() && ready_.empty() && backing_off_.empty() && requests_.empty()) {
    // dispatch() has just asked the scheduler: it has no work for an idle worker, and nothing runs.
    check(!awaits_results_, "what a proposal waits for comes without it");
    const std::string failure = failure_of_all();
    finish_ = Finish{failure.empty() ? Outcome::kFinished : Outcome::kFailed, !failure.empty() ? failure
                                                                              : exhausted_.empty()
                                                                                  ? "nothing more to train"
                                                                                  : exhausted_};
  } else {
    return;
  }
  for (const TrialId trial : ready_) board_.edit(trial).state = TrialState::kPaused;
  for (const TrialId trial : backing_off_) board_.edit(trial).state = TrialState::kPaused;
  command(*finish_);
}

void Study::end_segment(SegmentId segment) {
  const auto it = running_.find(segment);
  Trial& trial = board_.edit(it->second.trial);
  trial.segment = 0;
  idle_.insert(it->second.worker);
  running_.erase(it);
}

/// Its trial goes on from its last state another time, unless it is over.
void Study::cut_segment(SegmentId segment) {
  const TrialId trial = running_.at(segment).trial;
  end_segment(segment);
  if (!is_over(board_.trial(trial).state)) requeue(trial);
}

void Study::requeue(TrialId trial) {
  board_.edit(trial).state = TrialState::kReady;
  ready_.push_back(trial);
}

void Study::set_over(TrialId id, TrialState state) {
  Trial& trial = board_.edit(id);
  trial.state = state;
  if (state != TrialState::kFailed && !trial.is_rerun()) standstill_.on_over(id);
  if (trial.origin) {
    checkpoints_.undepend(*trial.origin, id);
    drop_unneeded(trial.origin->trial);
  }
  drop_unneeded(id);
}

void Study::drop_unneeded(TrialId trial) {
  for (const CheckpointId& id : checkpoints_.unneeded(board_.trial(trial)))
    command(Drop{id, checkpoints_.erase(id)});
}

void Study::decide(DecisionKind kind, TrialId trial, Step step, std::string reason, TrialId other) {
  const MemberId member = trial == kNoTrial ? kNoMember : board_.trial(trial).member;
  effects_.decisions.push_back({kind, trial, other, step, std::move(reason), member});
}

}  // namespace coppice
