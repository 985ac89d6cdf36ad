#include "coordinator/coordinator.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "wire/bytes.hpp"
#include "wire/checkpoint_name.hpp"

namespace coppice {
namespace {

/// Events that a worker may tell; the others are the coordinator's own.
bool is_workers(const Event& event) {
  return std::holds_alternative<Reported>(event) || std::holds_alternative<Saved>(event) ||
         std::holds_alternative<CheckpointLost>(event) || std::holds_alternative<SegmentEnded>(event) ||
         std::holds_alternative<SegmentFailed>(event);
}

}  // namespace

Coordinator::Coordinator(CoordinatorSettings settings, Study& study, Proposer& proposer, Transport& transport,
                         Record record, Durable durable)
    : settings_(std::move(settings)),
      study_(study),
      proposer_(proposer),
      transport_(transport),
      record_(std::move(record)),
      durable_(std::move(durable)),
      liveness_(Liveness::beat_for(settings_.welcome.worker_timeout_s), settings_.welcome.worker_timeout_s) {
  for (int rank = settings_.rank_0_works ? 0 : 1; rank < transport_.size(); ++rank) {
    awaited_.insert(rank);
    if (rank != transport_.rank()) liveness_.watch(rank);
  }
}

template <class T>
void Coordinator::send(int rank, MessageType type, const T& body) {
  transport_.send(rank, static_cast<std::uint32_t>(type), to_bytes(body));
  liveness_.said(rank);
}

void Coordinator::begin(Begun begun, double now_s) {
  began_s_ = now_s;
  liveness_.advance(now_s);
  settings_.welcome.incarnation = begun.incarnation;
  if (settings_.ends_at_s) {
    end_.emplace(*settings_.ends_at_s);
    begun.time_left_s = end_->left_s(now_s);
  }
  apply(begun, now_s);
}

void Coordinator::on_message(const Message& message, double now_s) {
  liveness_.heard(message.from);
  switch (static_cast<MessageType>(message.type)) {
    case MessageType::kHello:
      if (const auto hello = from_bytes<Hello>(message.body)) on_hello(*hello, message.from, now_s);
      break;
    case MessageType::kTold:
      if (auto told = from_bytes<Told>(message.body);
          told && told->incarnation == study_.incarnation() && is_workers(told->event)) {
        on_told(std::move(*told), message.from, now_s);
      }
      break;
    case MessageType::kAlive:
      if (const auto alive = from_bytes<Alive>(message.body);
          alive && alive->incarnation == study_.incarnation() && !is_living(message.from)) {
        on_stranger(message.from);
      }
      break;
    case MessageType::kGoodbye:
      // 0: it was never welcomed.
      if (const auto goodbye = from_bytes<Goodbye>(message.body);
          goodbye && (goodbye->incarnation == 0 || goodbye->incarnation == study_.incarnation())) {
        on_goodbye(*goodbye, message.from, now_s);
      }
      break;
    default:
      break;
  }
}

void Coordinator::on_hello(const Hello& hello, int from, double now_s) {
  if (finished_s_) {
    send(from, MessageType::kShutdown, Shutdown{exit_status()});
    return;
  }
  if (is_living(from)) return;
  awaited_.insert(from);  // also one that was given up
  lost_.erase(from);
  if (from != transport_.rank()) liveness_.watch(from);
  const WorkerId worker = study_.next_worker();
  ranks_[worker] = from;
  apply(WorkerUp{worker, from, hello.host, hello.device_uuid, hello.device_name}, now_s);
}

void Coordinator::on_told(Told told, int from, double now_s) {
  const auto* saved = std::get_if<Saved>(&told.event);
  if (is_living(from)) {
    // A worker has a state in memory first. One that only its disk knows was dropped since: its files are
    // about to go.
    const bool gone = saved != nullptr && saved->place == kDisk &&
                      study_.checkpoints().find(saved->checkpoint.trial, saved->checkpoint.step) == nullptr;
    if (gone) {
      drop_if_unknown(*saved);
    } else {
      apply(std::move(told.event), now_s);
    }
  } else if (saved != nullptr) {
    drop_if_unknown(*saved);  // its file would stay
    on_stranger(from);
  } else {
    on_stranger(from);
  }
}

/// A worker that was declared dead lives, and doesn't know of it.
void Coordinator::on_stranger(int from) {
  if (left_.contains(from) || !lost_.contains(from)) return;
  if (finished_s_) {
    send(from, MessageType::kShutdown, Shutdown{exit_status()});
  } else {
    send(from, MessageType::kDismissed, Dismissed{study_.incarnation()});
  }
}

void Coordinator::on_goodbye(const Goodbye& goodbye, int from, double now_s) {
  if (finished_s_) {
    awaited_.erase(from);
    liveness_.forget(from);
    return;
  }
  lose_rank(from, goodbye.reason.empty() ? "it left" : goodbye.reason, now_s);
  lost_.erase(from);
  left_.insert(from);
  if (from != transport_.rank()) liveness_.watch(from);
}

bool Coordinator::is_living(int rank) const {
  return std::any_of(ranks_.begin(), ranks_.end(), [rank](const auto& item) { return item.second == rank; });
}

void Coordinator::lose_rank(int rank, const std::string& reason, double now_s) {
  liveness_.forget(rank);
  if (awaited_.erase(rank) + left_.erase(rank) == 0) return;
  last_loss_ = "rank " + std::to_string(rank) + ": " + reason;
  lost_.insert(rank);
  transport_.abandon(rank);
  const auto it =
      std::find_if(ranks_.begin(), ranks_.end(), [rank](const auto& item) { return item.second == rank; });
  if (it == ranks_.end()) return;
  // Until the study knows, it may hand something out to this worker: that goes nowhere.
  const WorkerId worker = it->first;
  apply(WorkerLost{worker, reason}, now_s);
  ranks_.erase(worker);
  for (const auto& [other, its_rank] : ranks_)
    send(its_rank, MessageType::kRankLost, RankLost{study_.incarnation(), rank});
}

void Coordinator::request_stop(StopCause cause, const std::string& reason, double now_s) {
  apply(StopRequested{cause, reason}, now_s);
}

void Coordinator::look_for_the_dead(double now_s) {
  liveness_.advance(now_s);
  for (const int rank : liveness_.due())
    send(rank, MessageType::kCoordinatorAlive, Alive{study_.incarnation()});
  for (const int rank : transport_.take_failed()) lose_rank(rank, "MPI says that it failed", now_s);
  for (const int rank : liveness_.silent()) {
    lose_rank(rank, "it was silent for " + to_text(liveness_.limit_s()) + " s, timeouts.worker", now_s);
  }
}

void Coordinator::tick(double now_s) {
  for (Proposed& proposed : proposer_.poll(now_s)) apply(std::move(proposed), now_s);
  look_for_the_dead(now_s);
  if (settings_.wall_time_s && !study_.halting() && !finished_s_ &&
      running_time_s(now_s) >= *settings_.wall_time_s) {
    request_stop(StopCause::kWallTime, "budget.wall_time is used up", now_s);
  }
  if (awaited_.empty() && !study_.halting() && !finished_s_) {
    request_stop(StopCause::kNoWorker, last_loss_ + "; run it again to go on", now_s);
  }
  while (!back_offs_.empty() && back_offs_.begin()->first <= now_s) {
    const TrialId trial = back_offs_.begin()->second;
    back_offs_.erase(back_offs_.begin());
    apply(BackedOff{trial}, now_s);
  }
  tick_time_limit(now_s);
  drop_what_is_durable();
  if (finished_s_) {
    const bool last = end_ && end_->left_s(now_s) < EndOfAllocation::kLast_s;
    if (awaited_.empty() || last || now_s - *finished_s_ > settings_.farewell_s) over_ = true;
  }
}

void Coordinator::tick_time_limit(double now_s) {
  if (end_) {
    if (const auto stop = end_->stop(study_, now_s)) apply(*stop, now_s);
  }
  if (!study_.halting() || study_.finish()) return;
  if (!halted_s_) halted_s_ = now_s;
  if (now_s >= give_up_at_s()) {
    apply(GivenUp{"segments that did not end in time are given up"}, now_s);
  }
}

double Coordinator::give_up_at_s() const {
  const double limit_s = *halted_s_ + settings_.stop_s.value_or(kStop_s);
  if (!settings_.ends_at_s) return limit_s;
  const double end_s = *settings_.ends_at_s - EndOfAllocation::kGiveUp_s;
  // Before the time limit there is nothing better to do than to wait for long steps; who stops a run
  // otherwise waits himself.
  const bool at_the_end = stop_cause_ == StopCause::kTimeLimit && !settings_.stop_s;
  return at_the_end ? end_s : std::min(limit_s, end_s);
}

void Coordinator::apply(Event event, double now_s) {
  if (end_) {
    if (const auto left = end_->before(event, study_, now_s)) events_.push_back(*left);
  }
  events_.push_back(std::move(event));
  if (applying_) return;
  applying_ = true;
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    apply_one(next, now_s);
  }
  applying_ = false;
}

void Coordinator::apply_one(const Event& event, double now_s) {
  now_s_ = now_s;
  const Effects effects = study_.step(event);
  if (!effects.accepted) {
    if (const auto* saved = std::get_if<Saved>(&event)) drop_if_unknown(*saved);
    return;
  }
  recorded_ = record_(running_time_s(now_s), event, effects);
  if (const auto* stop = std::get_if<StopRequested>(&event)) stop_cause_ = stop->cause;
  if (const auto* up = std::get_if<WorkerUp>(&event)) welcome(up->worker);
  if (study_.halting() || study_.finish()) proposer_.rest();
  for (const TrialId trial : study_.changed()) proposer_.tell(study_.board().trial(trial));
  for (const Command& command : effects.commands) {
    std::visit([this](const auto& c) { execute(c); }, command);
  }
  if (study_.finish() && !finished_s_) finished_s_ = now_s;
}

void Coordinator::welcome(WorkerId worker) {
  Welcome welcome = settings_.welcome;
  welcome.worker = worker;
  send(ranks_.at(worker), MessageType::kWelcome, welcome);
}

/// A copy that was announced after the study had dropped that state would otherwise stay for ever.
void Coordinator::drop_if_unknown(const Saved& saved) {
  const auto* entry = study_.checkpoints().find(saved.checkpoint.trial, saved.checkpoint.step);
  const bool known =
      entry != nullptr && entry->id == saved.checkpoint &&
      std::find(entry->places.begin(), entry->places.end(), saved.place) != entry->places.end();
  if (!known) execute(Drop{saved.checkpoint, {saved.place}});
}

void Coordinator::execute(const Propose& command) {
  proposer_.ask(command.request, sample_request(study_.board(), command.trial, command.base), now_s_);
  for (Proposed& proposed : proposer_.poll(now_s_)) events_.push_back(std::move(proposed));
}

void Coordinator::execute(const Run& command) {
  RunSegment order;
  order.incarnation = study_.incarnation();
  order.run = command;
  order.params = study_.settings().space.named(command.params).items();
  if (command.from) {
    for (const WorkerId place : command.from->places)
      order.ranks.push_back(place == kDisk ? -1 : ranks_.at(place));
  }
  send(ranks_.at(command.worker), MessageType::kRunSegment, order);
}

void Coordinator::execute(const Stop& command) {
  send(ranks_.at(command.worker), MessageType::kStopSegment,
       StopSegment{study_.incarnation(), command.segment});
}

void Coordinator::execute(const Drop& command) {
  // What the journal knows to be in memory only is lost with the node anyway.
  const bool on_disk = std::find(command.places.begin(), command.places.end(), kDisk) != command.places.end();
  if (on_disk) {
    drops_.emplace_back(recorded_, command);
  } else {
    drop(command);
  }
}

void Coordinator::drop_what_is_durable() {
  if (drops_.empty()) return;
  const std::uint64_t durable = durable_();
  while (!drops_.empty() && drops_.front().first <= durable) {
    drop(drops_.front().second);
    drops_.pop_front();
  }
}

void Coordinator::drop(const Drop& command) {
  for (const WorkerId place : command.places) {
    if (place == kDisk) {
      std::error_code ignored;
      std::filesystem::remove(settings_.checkpoints / checkpoint_file_name(command.checkpoint), ignored);
    } else if (const auto it = ranks_.find(place); it != ranks_.end()) {
      send(it->second, MessageType::kDropCheckpoint,
           DropCheckpoint{study_.incarnation(), command.checkpoint});
    }
  }
}

void Coordinator::execute(const Finish&) {
  for (const auto& ranks : {awaited_, left_}) {
    for (const int rank : ranks) send(rank, MessageType::kShutdown, Shutdown{exit_status()});
  }
  for (const int rank : left_) liveness_.forget(rank);  // they said goodbye before, and say nothing more
}

void Coordinator::execute(const BackOff& command) {
  back_offs_.emplace(now_s_ + command.seconds, command.trial);
}

int Coordinator::exit_status() const {
  if (!study_.finish()) return 1;
  switch (study_.finish()->outcome) {
    case Outcome::kFinished:
      return 0;
    case Outcome::kStopped:
      return 75;
    case Outcome::kFailed:
      return 1;
  }
  return 1;
}

}  // namespace coppice
