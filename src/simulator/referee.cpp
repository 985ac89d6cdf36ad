#include "simulator/referee.hpp"

#include <algorithm>
#include <stdexcept>

namespace coppice {

void Referee::fault(const std::string& what) {
  throw std::logic_error("against the rules: " + what);
}

void Referee::observe(const Study& study, const Event& event, const Effects& effects, const BlobStore& store,
                      bool never_idle) {
  if (!effects.accepted) {
    if (!effects.commands.empty() || !effects.decisions.empty())
      fault("an event that was not accepted had effects");
    return;
  }
  on_event(study, event);
  for (const Decision& decision : effects.decisions) on_decision(study, decision);
  on_stops(study, effects);
  for (const Command& command : effects.commands) {
    if (const auto* run = std::get_if<Run>(&command)) {
      on_run(study, *run, store);
    } else if (const auto* propose = std::get_if<Propose>(&command)) {
      requests_.insert(propose->request);
    } else if (const auto* stop = std::get_if<Stop>(&command)) {
      if (!segments_.contains(stop->segment)) fault("a segment is stopped that does not run");
    } else if (std::holds_alternative<Finish>(command) && !busy_.empty()) {
      fault("the study is over while " + std::to_string(busy_.size()) + " workers train");
    }
  }
  const auto idle = std::ssize(up_) - std::ssize(busy_);
  const bool may_begin = !exhausted_ && (!max_trials_ || study.board().fresh() < *max_trials_);
  if (never_idle && may_begin && !study.halting() && !study.finish() && idle > open_requests()) {
    fault(std::to_string(idle) + " workers are idle, with " + std::to_string(open_requests()) +
          " requests open and budget left");
  }
}

void Referee::on_event(const Study& study, const Event& event) {
  const auto end = [this](SegmentId id) {
    const auto found = segments_.find(id);
    if (found == segments_.end()) return;
    busy_.erase(found->second.worker);
    trained_.erase(found->second.trial);
    segments_.erase(found);
  };
  if (const auto* begun = std::get_if<Begun>(&event)) {
    up_.clear();
    busy_.clear();
    segments_.clear();
    trained_.clear();
    requests_.clear();  // the study asks again
    max_trials_ = begun->max_trials;
  } else if (const auto* up = std::get_if<WorkerUp>(&event)) {
    up_.insert(up->worker);
  } else if (const auto* lost = std::get_if<WorkerLost>(&event)) {
    up_.erase(lost->worker);
    const auto found = busy_.find(lost->worker);
    if (found != busy_.end()) end(found->second);
  } else if (const auto* proposed = std::get_if<Proposed>(&event)) {
    if (requests_.erase(proposed->request) == 0) fault("a proposal was accepted that nobody asked for");
    exhausted_ = exhausted_ || proposed->exhausted;
  } else if (const auto* report = std::get_if<Reported>(&event)) {
    if (stopped_.contains(report->trial))
      fault("trial " + std::to_string(report->trial) + " reports though it was stopped");
    const auto& origin = study.board().trial(report->trial).origin;
    const auto [entry, first] = reported_.try_emplace(report->trial, origin ? origin->step : 0);
    if (report->step != entry->second + 1) {
      fault("trial " + std::to_string(report->trial) + " reports step " + std::to_string(report->step) +
            " after " + std::to_string(entry->second));
    }
    entry->second = report->step;
  } else if (const auto* ended = std::get_if<SegmentEnded>(&event)) {
    end(ended->segment);
  } else if (const auto* failed = std::get_if<SegmentFailed>(&event)) {
    end(failed->segment);
  } else if (std::holds_alternative<GivenUp>(event)) {
    while (!segments_.empty()) end(segments_.begin()->first);
  }
}

void Referee::on_run(const Study& study, const Run& run, const BlobStore& store) {
  const std::string who = "trial " + std::to_string(run.trial) + " on worker " + std::to_string(run.worker);
  if (!up_.contains(run.worker)) fault(who + ": the worker is not up");
  if (!busy_.emplace(run.worker, run.segment).second) fault(who + ": the worker has a segment already");
  if (!trained_.emplace(run.trial, run.segment).second) fault(who + ": the trial is trained elsewhere");
  if (!segments_.emplace(run.segment, Segment{run.trial, run.worker}).second)
    fault(who + ": a segment id again");
  const Trial& trial = study.board().trial(run.trial);
  if (is_over(trial.state)) fault(who + ": the trial is over");
  if (trial.origin && !trial.is_rerun() && !run.from) fault(who + ": a clone begins from scratch");
  if (!study.settings().space.admits(run.params)) fault(who + ": hyperparameters outside the space");
  if (run.report_after > run.until) fault(who + ": nothing left to report");
  if (!run.from) return;
  const CheckpointId& id = run.from->checkpoint;
  if (run.from->places.empty()) fault(who + ": a state without a place");
  // At its end already where the worker was lost between the last save and its word: that one only says so.
  if (id.step > run.until) fault(who + ": a segment that leads nowhere");
  const bool own = id.trial == run.trial;
  const bool origin = trial.origin && id.trial == trial.origin->trial && id.step == trial.origin->step;
  if (!own && !origin) fault(who + ": begins from a state of trial " + std::to_string(id.trial));
  for (const WorkerId place : run.from->places) {
    // A closed place is a worker that is gone, of which the study has not heard yet.
    if (store.is_open(place) && store.find(place, id) == nullptr) {
      fault(who + ": the state of trial " + std::to_string(id.trial) + " at step " + std::to_string(id.step) +
            " is not at place " + std::to_string(place));
    }
  }
}

void Referee::on_stops(const Study& study, const Effects& effects) {
  for (const Decision& decision : effects.decisions) {
    if (decision.kind != DecisionKind::kStop) continue;
    const std::string who = "trial " + std::to_string(decision.trial);
    if (!stopped_.insert(decision.trial).second) fault(who + ": stopped twice");
    if (decision.reason.empty()) fault(who + ": stopped without a reason");
    const auto found = trained_.find(decision.trial);
    if (found == trained_.end() || study.halting()) continue;  // a halt has asked all of them
    const bool asked = std::any_of(effects.commands.begin(), effects.commands.end(), [&](const Command& c) {
      const auto* stop = std::get_if<Stop>(&c);
      return stop != nullptr && stop->segment == found->second;
    });
    if (!asked) fault(who + ": stopped, but its segment goes on");
  }
}

void Referee::on_decision(const Study& study, const Decision& decision) {
  const std::string who = "trial " + std::to_string(decision.trial);
  switch (decision.kind) {
    case DecisionKind::kPromote: {
      const Trial& trial = study.board().trial(decision.trial);
      if (trial.last_score(decision.step).value_or(kWorst) == kWorst)
        fault(who + ": promoted without a score");
      break;
    }
    case DecisionKind::kRerun: {
      const Trial& trial = study.board().trial(decision.trial);
      const Trial& first = study.board().trial(decision.other_trial);
      if (trial.params != first.params) fault(who + ": a rerun with other hyperparameters");
      if (first.last_score(trial.until).value_or(kWorst) == kWorst)
        fault(who + ": reruns one without a score");
      if (decision.reason.empty()) fault(who + ": reruns without a reason");
      break;
    }
    case DecisionKind::kExploit: {
      const Trial& donor = study.board().trial(decision.other_trial);
      if (donor.last_score(decision.step).value_or(kWorst) == kWorst)
        fault(who + ": copied one without a score");
      if (decision.reason.empty()) fault(who + ": copied without a reason");
      break;
    }
    default:
      break;
  }
}

}  // namespace coppice
