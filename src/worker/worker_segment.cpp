// A worker and its segment, from the order to its end: the state that it begins from, the host that trains
// it, what comes out.
#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "core/text.hpp"
#include "worker/worker.hpp"

namespace coppice {
namespace {

/// For the end of the spawner to show, where a host was lost.
constexpr int kLostPatience_ms = 100;

}  // namespace

void Worker::on(RunSegment order, double now_s) {
  if (!leaves_.empty()) return;  // it was on its way; the coordinator gives it to another
  check(!active_, "a worker gets one segment at a time");
  active_.emplace();
  active_->order = std::move(order);
  active_->reported = active_->order.run.report_after;
  if (store_->full()) {
    active_->held = true;
    fmt::print(
        stderr,
        "coppice: checkpoints fill the memory that they may have ({}), and none can be written to disk: the "
        "next segment of this worker waits for room\n",
        size_text(place_.memory_limit_bytes));
    return;
  }
  begin_segment(now_s);
}

void Worker::begin_segment(double now_s) {
  const Run& run = active_->order.run;
  active_->held = false;
  active_->times.wait_s = now_s - idle_since_s_;
  active_->since_s = now_s;
  if (in_place(run)) {
    give_to_host(now_s, false);
    return;
  }
  if (!run.from) {
    state_arrived({}, now_s);
    return;
  }
  // Nearest first: this worker's memory, another's, disk.
  std::vector<std::size_t> order_of_places(run.from->places.size());
  for (std::size_t i = 0; i < order_of_places.size(); ++i) order_of_places[i] = i;
  const auto distance = [&](std::size_t i) {
    const int rank = active_->order.ranks[i];
    return rank == transport_.rank() ? 0 : rank >= 0 ? 1 : 2;
  };
  std::stable_sort(order_of_places.begin(), order_of_places.end(),
                   [&](std::size_t a, std::size_t b) { return distance(a) < distance(b); });
  active_->places.assign(order_of_places.begin(), order_of_places.end());
  fetch_state(now_s);
}

/// Whether the host can just go on: it trained this trial last and stands where the segment begins.
bool Worker::in_place(const Run& run) const {
  return host_ && host_ready_ && host_trial_ == run.trial &&
         (host_step_ == run.report_after || (run.from && host_step_ == run.from->checkpoint.step));
}

void Worker::fetch_state(double now_s) {
  ActiveSegment& active = *active_;
  const Source& source = *active.order.run.from;
  if (active.places.empty()) {
    fail_segment(fmt::format("no copy of the state of trial {} at step {} could be had",
                             source.checkpoint.trial, source.checkpoint.step),
                 now_s, true);
    return;
  }
  const std::size_t place = active.places.front();
  const int rank = active.order.ranks[place];
  if (rank == transport_.rank()) {
    const Blob* blob = store_->find(source.checkpoint);
    if (blob == nullptr) {
      place_failed(now_s);
      return;
    }
    Blob state;
    try {
      state = share(*blob);
    } catch (const std::system_error& error) {
      fail_segment(error.what(), now_s);
      return;
    }
    state_arrived(std::move(state), now_s);
  } else if (rank >= 0) {
    active.pull.emplace(transport_, welcome_->incarnation, next_pull_++, source.checkpoint, rank, now_s);
  } else {
    active.reading = true;
    store_->read(source.checkpoint);
  }
}

void Worker::place_failed(double now_s) {
  ActiveSegment& active = *active_;
  const Source& source = *active.order.run.from;
  tell(CheckpointLost{source.checkpoint, source.places[active.places.front()]});
  active.places.pop_front();
  active.pull.reset();
  active.reading = false;
  fetch_state(now_s);
}

void Worker::state_arrived(Blob state, double now_s) {
  ActiveSegment& active = *active_;
  active.pull.reset();
  active.reading = false;
  active.state = std::move(state);
  active.has_state = active.order.run.from.has_value();
  active.times.transfer_s = now_s - active.since_s;
  active.since_s = now_s;
  if (!host_) {
    if (place_.read_devices) active.gate.emplace(place_.gpu_memory_bytes, now_s);
    start_host(now_s);
    return;
  }
  host_trial_ = kNoTrial;
  if (host_ready_) give_to_host(now_s, true);
}

void Worker::give_to_host(double now_s, bool fresh) {
  ActiveSegment& active = *active_;
  const Run& run = active.order.run;
  SegmentOrder order;
  order.segment = run.segment;
  order.trial = run.trial;
  order.params = Parameters(active.order.params);
  order.seed = run.trial_seed;
  order.from_step = !fresh ? host_step_ : run.from ? run.from->checkpoint.step : 0;
  order.until = run.until;
  order.report_after = run.report_after;
  order.save_every_s = welcome_->save_every_s;
  order.fresh = fresh;
  order.save_at_end = true;
  order.device = place_.visible_device;
  order.metric = welcome_->metric;
  active.began_at = order.from_step;
  if (!fresh && host_step_ >= run.report_after) active.step_began_s = now_s;
  active.times.startup_s = now_s - active.since_s;
  active.since_s = now_s;
  active.training = true;
  host_->run(order, fresh && active.has_state ? &active.state : nullptr);
  active.state = {};
}

void Worker::on(const StopSegment& order, double now_s) {
  if (!active_ || active_->order.run.segment != order.segment || probe_) return;
  if (active_->training) {
    host_->stop_segment();
    return;
  }
  // Nothing of it has begun: it stands where it stood.
  const Run& run = active_->order.run;
  end_segment(run.from ? run.from->checkpoint.step : 0, false, now_s);
}

void Worker::on(const Chunk& chunk, double now_s) {
  if (!active_ || !active_->pull) return;
  active_->pull->on_chunk(chunk, now_s);
  if (active_->pull->complete()) {
    pulled_bytes_ += active_->pull->received_bytes();
    active_->times.transfer_bytes = active_->pull->received_bytes();
    state_arrived(active_->pull->take(), now_s);
  } else if (!active_->pull->failed().empty()) {
    place_failed(now_s);
  }
}

void Worker::on_host(const HostReady&, double now_s) {
  host_ready_ = true;
  if (active_ && !active_->held && !active_->training && !active_->pull && !active_->reading)
    give_to_host(now_s, true);
}

void Worker::on_host(const HostReport& message, double now_s) {
  if (!active_ || message.segment != active_->order.run.segment || message.step <= active_->reported) return;
  active_->reported = message.step;
  tell(Reported{message.segment, active_->order.run.trial, welcome_->worker, message.step, message.metrics,
                active_->step_began_s ? now_s - *active_->step_began_s : 0});
  active_->step_began_s = now_s;
}

void Worker::on_host(HostSaved& message, double now_s) {
  if (!active_ || message.segment != active_->order.run.segment) return;
  if (active_->step_began_s) active_->step_began_s = now_s;
  const CheckpointId id{active_->order.run.trial, message.step, message.segment};
  const auto size_bytes = static_cast<std::int64_t>(message.state.size());
  try {
    store_->put(id, std::move(message.state));
  } catch (const std::system_error& error) {
    // It trains on; what is lost is a place to go back to.
    fmt::print(stderr, "coppice: can't keep a checkpoint of trial {} at step {} ({} bytes): {}\n", id.trial,
               id.step, size_bytes, error.what());
    return;
  }
  tell(Saved{id, welcome_->worker, size_bytes});
}

void Worker::on_host(const HostEnded& message, double now_s) {
  if (!active_ || message.segment != active_->order.run.segment) return;
  active_->times.startup_s += message.setup_s;
  active_->times.load_s = message.load_s;
  active_->times.train_s = message.train_s;
  active_->times.save_s = message.save_s;
  active_->times.steps = message.step - active_->began_at;
  host_trial_ = active_->order.run.trial;
  host_step_ = message.step;
  end_segment(message.step, message.done, now_s);
}

void Worker::on_host(const HostFailed& message, double now_s) {
  if (!active_ || message.segment != active_->order.run.segment) return;
  host_trial_ = kNoTrial;
  host_failed(message.error, now_s);
}

void Worker::on_host(const HostExited& message, double now_s) {
  const std::string output = output_of_host();
  forget_host();
  if (!spawner_.alive(message.lost ? kLostPatience_ms : 0)) {
    leave("the process that starts trial hosts is gone", now_s);
    return;
  }
  // Before its state is there the segment doesn't need the host yet: another is started then.
  if (!active_ || active_->held || active_->pull || active_->reading) return;
  host_failed("the trial host ended: " + message.description + output, now_s);
}

/// For records of a failure.
std::string Worker::output_of_host() const {
  const std::string output = host_->last_output();
  return output.empty() ? "" : "; its last output:\n" + output;
}

void Worker::end_segment(Step step, bool done, double now_s) {
  const Run& run = active_->order.run;
  tell(SegmentEnded{run.segment, run.trial, welcome_->worker, step, done, active_->times});
  active_.reset();
  idle_since_s_ = now_s;
}

void Worker::fail_segment(const std::string& error, double now_s, bool no_state) {
  const Run& run = active_->order.run;
  if (active_->training) active_->times.failed_s = now_s - active_->since_s;
  tell(SegmentFailed{run.segment, run.trial, welcome_->worker, active_->reported, error, active_->times,
                     no_state});
  active_.reset();
  idle_since_s_ = now_s;
}

void Worker::on_store(CheckpointFetched& result, double now_s) {
  if (!active_ || !active_->reading || active_->order.run.from->checkpoint != result.id) return;
  if (result.error.empty()) {
    state_arrived(std::move(result.blob), now_s);
  } else {
    fmt::print(stderr, "coppice: {}\n", result.error);
    place_failed(now_s);
  }
}

}  // namespace coppice
