#include "worker/worker.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "core/check.hpp"
#include "wire/bytes.hpp"
#include "worker/host_process.hpp"

namespace coppice {
namespace {

constexpr int kCoordinatorRank = 0;
/// For files that are still to be written, before a worker leaves and at the end of the study. The disk may
/// hang.
constexpr double kLeaveLimit_s = 30;
constexpr double kFarewellLimit_s = 100;
/// Of timeouts.worker: a coordinator that is held up by its disk should find its workers again.
constexpr double kCoordinatorsPatience = 2;

template <class T>
std::optional<T> body_of(const Message& message) {
  return from_bytes<T>(message.body);
}

}  // namespace

Worker::Worker(Transport& transport, Spawner& spawner, WorkerPlace place, std::optional<RepeatedHost> host)
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

}  // namespace coppice
