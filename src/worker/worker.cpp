#include "worker/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "core/text.hpp"
#include "wire/bytes.hpp"

namespace coppice {
namespace {

constexpr int kCoordinatorRank = 0;
/// For files that are still to be written, before a worker leaves and at the end of the study. The disk may
/// hang.
constexpr double kLeaveLimit_s = 30;
constexpr double kFarewellLimit_s = 100;
/// Of timeouts.worker: a coordinator that is held up by its disk should find its workers again.
constexpr double kCoordinatorsPatience = 2;
/// For the end of the spawner to show, where a host was lost.
constexpr int kLostPatience_ms = 100;
/// For what a host does at its exit: data loaders end, loggers send what they have.
constexpr double kHostFarewell_s = 10;

template <class T>
std::optional<T> body_of(const Message& message) {
  return from_bytes<T>(message.body);
}

}  // namespace

Worker::Worker(Transport& transport, Spawner& spawner, WorkerPlace place, std::optional<TrialHost> host)
    : transport_(transport),
      spawner_(spawner),
      place_(std::move(place)),
      liveness_(1, std::numeric_limits<double>::infinity()),
      host_(std::move(host)),
      host_ready_(host_.has_value()) {}

void Worker::start(double now_s, double patience_s) {
  idle_since_s_ = now_s;
  liveness_ = Liveness(1, patience_s);
  if (transport_.rank() != kCoordinatorRank) liveness_.watch(kCoordinatorRank);
  say(MessageType::kHello,
      to_bytes(Hello{transport_.rank(), place_.host, place_.device_uuid, place_.device_name}));
}

void Worker::on_message(const Message& message, double now_s) {
  // What another incarnation sent, and what can't be read, is nobody's here.
  const auto current = [this](const auto& body) {
    return body && welcome_ && body->incarnation == welcome_->incarnation;
  };
  liveness_.heard(message.from);
  switch (static_cast<MessageType>(message.type)) {
    case MessageType::kWelcome:
      if (const auto body = body_of<Welcome>(message); body && !welcome_) on(*body, now_s);
      break;
    case MessageType::kRunSegment:
      if (auto body = body_of<RunSegment>(message); current(body)) on(std::move(*body), now_s);
      break;
    case MessageType::kStopSegment:
      if (const auto body = body_of<StopSegment>(message); current(body)) on(*body, now_s);
      break;
    case MessageType::kDropCheckpoint:
      if (const auto body = body_of<DropCheckpoint>(message); current(body)) on(*body);
      break;
    case MessageType::kShutdown:
      if (const auto body = body_of<Shutdown>(message)) on(*body, now_s);
      break;
    case MessageType::kRankLost:
      if (const auto body = body_of<RankLost>(message); current(body)) on(*body, now_s);
      break;
    case MessageType::kDismissed:
      if (const auto body = body_of<Dismissed>(message); current(body)) on(*body, now_s);
      break;
    case MessageType::kPull:
      if (const auto body = body_of<Pull>(message); current(body)) on(*body, message.from);
      break;
    case MessageType::kChunk:
      if (const auto body = body_of<Chunk>(message); current(body)) on(*body, now_s);
      break;
    default:
      break;
  }
}

void Worker::on(const Welcome& welcome, double now_s) {
  const double limit_s = welcome.worker_timeout_s;
  welcome_ = welcome;
  liveness_ = Liveness(Liveness::beat_for(limit_s), kCoordinatorsPatience * limit_s);
  liveness_.advance(now_s);
  if (transport_.rank() != kCoordinatorRank) liveness_.watch(kCoordinatorRank);
  if (store_) {
    // It was here before. What it still has may be of use; what nobody knows of any more is dropped then.
    for (const auto& [id, size_bytes] : store_->held()) tell(Saved{id, welcome.worker, size_bytes});
    return;
  }
  store_ = std::make_unique<CheckpointStore>(
      StoreSettings{welcome.checkpoint_directory, place_.memory_limit_bytes});
}

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

void Worker::on(const DropCheckpoint& order) {
  if (store_) store_->drop(order.checkpoint);
}

void Worker::on(const Shutdown& order, double now_s) {
  if (!exit_status_ && leaves_.empty()) write_until_s_ = now_s + kFarewellLimit_s;
  exit_status_ = order.exit_status;
  if (store_) store_->finish();
  const bool trains = active_ && active_->training;
  active_.reset();
  if (!host_) return;
  if (trains || !host_ready_) {
    end_host();  // it was asked to stop before and did not, or has nothing to end
  } else {
    host_->shutdown();
    host_until_s_ = now_s + kHostFarewell_s;
  }
}

void Worker::leave(std::string reason, double now_s) {
  if (exit_status_ || !leaves_.empty()) return;
  check(!reason.empty(), "a worker that leaves says why");
  leaves_ = std::move(reason);
  write_until_s_ = now_s + kLeaveLimit_s;
  if (store_) store_->finish();
  if (host_) end_host();
  active_.reset();
  probe_.reset();
}

void Worker::on(const RankLost& lost, double now_s) {
  if (lost.rank != transport_.rank()) lose_rank(lost.rank, now_s);
}

/// Whatever of this worker is still under way counts no more: its segment went to another.
void Worker::on(const Dismissed&, double now_s) {
  if (exit_status_ || !leaves_.empty()) return;
  fmt::print(stderr, "coppice: worker {} on {} was taken for dead: it begins anew\n", welcome_->worker,
             place_.host);
  if (host_) end_host();
  active_.reset();
  probe_.reset();
  welcome_.reset();
  start(now_s, liveness_.limit_s());
}

void Worker::lose_rank(int rank, double now_s) {
  if (rank == kCoordinatorRank) {
    end_as_orphan("MPI says that it failed");
    return;
  }
  transport_.abandon(rank);
  if (active_ && active_->pull && active_->pull->rank() == rank) place_failed(now_s);
}

void Worker::end_as_orphan(const std::string& why) {
  fmt::print(stderr, "coppice: rank {} on {} ends, as the coordinator is gone: {}\n", transport_.rank(),
             place_.host, why);
  if (host_) end_host();
  active_.reset();
  probe_.reset();
  exit_status_ = 1;
  orphaned_ = over_ = true;
}

void Worker::on(const Pull& pull, int from) {
  transport_.send(from, static_cast<std::uint32_t>(MessageType::kChunk),
                  to_bytes(answer_pull(pull, store_->find(pull.checkpoint))));
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

void Worker::tell(Event event) {
  say(MessageType::kTold, to_bytes(Told{welcome_->incarnation, std::move(event)}));
}

void Worker::say(MessageType type, std::vector<std::byte> body) {
  transport_.send(kCoordinatorRank, static_cast<std::uint32_t>(type), std::move(body));
  liveness_.said(kCoordinatorRank);
}

void Worker::beat(double now_s) {
  if (transport_.rank() == kCoordinatorRank || over_) return;
  liveness_.advance(now_s);
  for (const int rank : transport_.take_failed()) lose_rank(rank, now_s);
  if (!over_ && !liveness_.silent().empty())
    end_as_orphan(fmt::format("it was silent for {} s", liveness_.limit_s()));
  if (!over_ && welcome_ && !liveness_.due().empty())
    say(MessageType::kAlive, to_bytes(Alive{welcome_->incarnation}));
}

void Worker::tick(double now_s) {
  beat(now_s);
  if (store_ && welcome_) poll_store(now_s);
  if (host_) poll_host(now_s);
  if (active_ && active_->held && !store_->full()) begin_segment(now_s);
  if (active_ && active_->pull) {
    active_->pull->tick(now_s);
    if (!active_->pull->failed().empty()) place_failed(now_s);
  }
  if (active_ && active_->training && welcome_->segment_timeout_s > 0 &&
      now_s - active_->since_s > welcome_->segment_timeout_s) {
    const std::string output = output_of_host();
    end_host();
    host_failed(
        fmt::format("it ran longer than timeouts.segment, {} s{}", welcome_->segment_timeout_s, output),
        now_s);
  }
  if (active_ && active_->gate && now_s >= active_->gate->next_s()) start_host(now_s);
  if (probe_) poll_probe(now_s);
  end_if_quiet(now_s);
}

void Worker::poll_store(double now_s) {
  for (StoreResult& result : store_->poll()) {
    std::visit([&](auto& r) { on_store(r, now_s); }, result);
  }
}

void Worker::on_store(const CheckpointWritten& result, double) {
  if (result.error.empty()) {
    tell(Saved{result.id, kDisk, result.size_bytes, result.write_s});
  } else {
    fmt::print(stderr, "coppice: {}; that state is lost with this process\n", result.error);
  }
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

void Worker::on_store(const CheckpointEvicted& result, double) {
  tell(CheckpointLost{result.id, welcome_->worker});
}

void Worker::on_store(const WritesFailing& result, double) {
  fmt::print(stderr, "coppice: {}; checkpoints stay in memory, and it is tried again and again\n",
             result.error);
}

void Worker::on_store(const WritesRecovered& result, double) {
  fmt::print(stderr, "coppice: checkpoints are on disk again after {:.0f} s\n", result.after_s);
}

void Worker::poll_host(double now_s) {
  for (HostMessage& message : host_->poll()) {
    std::visit([&](auto& m) { on_host(m, now_s); }, message);
    if (!host_) return;
  }
}

void Worker::forget_host() {
  host_.reset();
  host_ready_ = false;
  host_trial_ = kNoTrial;
}

void Worker::end_host() {
  host_->kill();
  forget_host();
}

void Worker::end_if_quiet(double now_s) {
  if (over_ || (!exit_status_ && leaves_.empty())) return;
  if (host_) {
    if (now_s < host_until_s_) return;
    end_host();
  }
  if (!goodbye_said_) {
    if (store_ && welcome_ && store_->busy() && now_s < write_until_s_) return;
    goodbye_said_ = true;
    say(MessageType::kGoodbye, to_bytes(Goodbye{welcome_ ? welcome_->incarnation : 0, leaves_}));
  }
  // What other workers asked for isn't waited for: one of them may be dead.
  over_ = exit_status_ && transport_.unsent_bytes(kCoordinatorRank) == 0;
}

std::vector<int> Worker::fds() const {
  std::vector<int> result;
  if (store_) result.push_back(store_->fd());
  if (host_) result.push_back(host_->fd());
  if (probe_) result.push_back(probe_->fd());
  return result;
}

HostLaunch host_launch(const Welcome& welcome, const WorkerPlace& place, int rank) {
  HostLaunch launch;
  launch.command = welcome.command;
  launch.protocol = welcome.stdout_protocol ? HostProtocol::kStdout : HostProtocol::kServe;
  launch.cwd = welcome.study_directory;
  launch.parameter_names = welcome.parameter_names;
  launch.log = std::filesystem::path(welcome.run_directory) / "logs" / fmt::format("worker-{}.log", rank);
  launch.startup_s = welcome.startup_timeout_s;
  launch.memory_limit_bytes = welcome.memory_limit_bytes;
  launch.environment = place.environment;
  launch.cpus = place.cpus;
  if (place.threads > 0 && std::getenv("OMP_NUM_THREADS") == nullptr) {
    launch.environment["OMP_NUM_THREADS"] = std::to_string(place.threads);
  }
  return launch;
}

}  // namespace coppice
