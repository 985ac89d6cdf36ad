// The part of Study that looks at the end of the allocation: what a segment takes until it has ended with its
// checkpoint, and whether that fits in.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/study.hpp"

namespace coppice {

namespace {
/// Starts whose lengths say how long an allocation may be.
constexpr std::size_t kStartsRemembered = 3;

std::string seconds_text(double seconds) {
  if (std::abs(seconds) >= 10) return std::to_string(std::llround(seconds)) + " s";
  return to_text(std::round(10 * seconds) / 10) + " s";
}

double begin_of_segment_s(const KindTimes& times) {
  return times.startup.high_s() + times.load.high_s();
}
}  // namespace

bool Study::on(const TimeLeft& event) {
  if (finish_ || incarnation_ == 0) return false;
  time_left_s_ = event.seconds;
  return true;
}

/// A new start: how long it may run is remembered, as a segment that fits into no allocation must not wait
/// for a longer one for ever.
void Study::begin_allocation(std::optional<double> time_left_s) {
  time_left_s_ = time_left_s;
  if (!time_left_s) return;
  allocations_s_.push_back(*time_left_s);
  if (allocations_s_.size() > kStartsRemembered) allocations_s_.pop_front();
}

void Study::measure(const Reported& event, const Running& running) {
  if (event.step_s > 0) times_.of(workers_.at(running.worker).kind).on_step(running.trial, event.step_s);
}

void Study::measure(const SegmentEnded& event, const Running& running) {
  const SegmentTimes& times = event.times;
  const int saves = running.saves;
  KindTimes& kind = times_.of(workers_.at(running.worker).kind);
  // One that goes on in place starts nothing up, and says nothing of those that do.
  if (times.startup_s > 0) {
    kind.startup.add(times.startup_s);
    kind.load.add(times.load_s + times.transfer_s);
  }
  if (times.steps > 0) {
    kind.on_step(event.trial, times.train_s / static_cast<double>(times.steps));
    if (event.done || event.step >= board_.trial(event.trial).until) kind.segment.add(times.train_s);
  }
  if (saves > 0) kind.save.add(times.save_s / saves);
  // One that was stopped before it began says nothing.
  if (saves > 0 || (times.steps > 0 && !saves_)) saves_ = saves > 0;
}

double Study::save_s(const KindTimes& times) const {
  return times.save.high_s() + times_.to_disk.high_s();
}

/// From now until a segment has ended with its checkpoint and all is written. A stop cuts it after a step, so
/// one step is enough; what can't be saved must be trained whole. `trial` kNoTrial: one like those before.
/// Nothing where nothing was measured.
std::optional<double> Study::need_s(TrialId trial, const Worker& worker) const {
  const KindTimes* times = times_.find(worker.kind);
  const auto step_s = times == nullptr    ? std::nullopt
                      : trial == kNoTrial ? times->step_s()
                                          : times->step_s(trial);
  if (!step_s) return std::nullopt;
  const bool in_place = trial != kNoTrial && worker.last_trial == trial;
  const double begin_s = in_place ? 0 : begin_of_segment_s(*times);
  if (saves_.value_or(true)) return begin_s + *step_s + save_s(*times) + kLastWrites_s;
  double whole_s = std::max(*step_s, times->segment.high_s());
  if (trial != kNoTrial && board_.trial(trial).until != kOpenEnd) {
    const Step from = in_place ? board_.trial(trial).stands_at : 0;
    whole_s = *step_s * static_cast<double>(board_.trial(trial).until - from);
  }
  return begin_s + whole_s + kLastWrites_s;
}

bool Study::fits(TrialId trial, WorkerId worker) const {
  if (!time_is_short()) return true;
  const auto need = need_s(trial, workers_.at(worker));
  return !need || *need <= *time_left_s_;
}

/// Whether `trial` fits into none of the last allocations, and this worker, which has done nothing yet, may
/// as well try it.
bool Study::never_fits(TrialId trial, WorkerId worker) const {
  const Worker& place = workers_.at(worker);
  const auto need = need_s(trial, place);
  return !place.worked && need && time_left_s_ && !allocations_s_.empty() &&
         *time_left_s_ > allocations_s_.back() / 2 &&
         *need > *std::max_element(allocations_s_.begin(), allocations_s_.end());
}

bool Study::time_is_short() const {
  return time_left_s_ && *time_left_s_ <= horizon_s();
}

double Study::horizon_s() const {
  if (!saves_) return std::numeric_limits<double>::infinity();
  const Step whole = settings_.steps_per_trial == kOpenEnd ? 1 : settings_.steps_per_trial;
  double longest_s = 0;
  for (const auto& [kind, times] : times_.kinds()) {
    const double train_s =
        *saves_ ? times.slowest_step_s() + save_s(times)
                : std::max(times.slowest_step_s() * static_cast<double>(whole), times.segment.high_s());
    longest_s = std::max(longest_s, begin_of_segment_s(times) + train_s);
  }
  return longest_s + kLastWrites_s;
}

double Study::stop_lead_s() const {
  if (saves_ == false) return kLastWrites_s;  // what is cut is lost
  double longest_s = 0;
  for (const auto& [segment, running] : running_) {
    const KindTimes* times = times_.find(workers_.at(running.worker).kind);
    if (times == nullptr) continue;
    longest_s = std::max(longest_s, times->step_s(running.trial).value_or(0) + save_s(*times));
  }
  return longest_s + kLastWrites_s;
}

std::string Study::time_text(double time_left_s) const {
  double begin_s = 0;
  double step_s = 0;
  double to_save_s = 0;
  for (const auto& [id, worker] : workers_) {
    const KindTimes* times = times_.find(worker.kind);
    if (times == nullptr) continue;
    begin_s = std::max(begin_s, begin_of_segment_s(*times));
    step_s = std::max(step_s, times->step_s().value_or(0));
    to_save_s = std::max(to_save_s, save_s(*times));
  }
  for (const auto& [segment, running] : running_) {
    if (const KindTimes* times = times_.find(workers_.at(running.worker).kind))
      step_s = std::max(step_s, times->step_s(running.trial).value_or(0));
  }
  std::string text = "the allocation ends in " + seconds_text(time_left_s);
  if (step_s == 0) return text;
  return text + "; start-up and load take up to " + seconds_text(begin_s) + ", a step " +
         seconds_text(step_s) + ", a save " + seconds_text(to_save_s);
}

}  // namespace coppice
