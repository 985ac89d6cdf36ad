/// Two workers with real hosts on ranks 1 and 2, and the test as their coordinator on rank 0. Time is the
/// test's.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host_fixture.hpp"
#include "transport/loopback.hpp"
#include "wire/bytes.hpp"
#include "worker/process_tree.hpp"
#include "worker/worker.hpp"

namespace coppice {

using RunCommand = coppice::Run;  // testing::Test has a Run of its own

/// "report #1 t0 s3 = 2": segment, trial, step, first metric. What isn't told here the tests look at by
/// themselves.
inline std::string to_text(const Event& event) {
  const auto count = [](SegmentId segment) { return segment & 0xffffffff; };
  const auto state = [&](const CheckpointId& id, WorkerId place) {
    return fmt::format("#{} t{} s{} {}", count(id.segment), id.trial, id.step,
                       place == kDisk ? "on disk" : fmt::format("at worker {}", place));
  };
  if (const auto* e = std::get_if<Reported>(&event)) {
    return fmt::format("report #{} t{} s{} = {}", count(e->segment), e->trial, e->step,
                       e->metrics.empty() ? 0 : e->metrics.front().second);
  }
  if (const auto* e = std::get_if<Saved>(&event)) return "saved " + state(e->checkpoint, e->place);
  if (const auto* e = std::get_if<CheckpointLost>(&event)) return "lost " + state(e->checkpoint, e->place);
  if (const auto* e = std::get_if<SegmentEnded>(&event)) {
    return fmt::format("ended #{} t{} s{}{}", count(e->segment), e->trial, e->step, e->done ? ", done" : "");
  }
  if (const auto* e = std::get_if<SegmentFailed>(&event))
    return fmt::format("failed #{} t{} s{}", count(e->segment), e->trial, e->step);
  return "not a worker's event";
}

class WorkerTest : public HostTest {
 protected:
  static constexpr std::int32_t kIncarnation = 4;
  /// Not the rank, so that one taken for the other shows.
  static constexpr WorkerId id_of(int rank) { return rank + 10; }

  WorkerTest() {
    std::filesystem::create_directories(checkpoints());
    std::filesystem::create_directories(folder_ / "logs");
  }
  std::filesystem::path checkpoints() const { return folder_ / "checkpoints"; }

  Worker& worker(int rank) { return *workers_.at(rank); }
  void make(int rank, std::int64_t memory_limit_bytes = 1 << 30) {
    WorkerPlace place;
    place.host = "node";
    place.memory_limit_bytes = memory_limit_bytes;
    workers_[rank] = std::make_unique<Worker>(network_.endpoint(rank), spawner_, place);
    worker(rank).start(now_s_);
  }
  void welcome(int rank) {
    Welcome welcome;
    welcome.incarnation = kIncarnation;
    welcome.worker = id_of(rank);
    welcome.run_directory = folder_.string();
    welcome.study_directory = folder_.string();
    welcome.checkpoint_directory = checkpoints().string();
    welcome.command = {HOST_HELPER};
    welcome.parameter_names = {"start"};
    welcome.metric = "loss";
    welcome.startup_timeout_s = 60;
    welcome.segment_timeout_s = segment_timeout_s_;
    send(rank, MessageType::kWelcome, welcome);
  }
  void begin(int rank, std::int64_t memory_limit_bytes = 1 << 30) {
    make(rank, memory_limit_bytes);
    welcome(rank);
  }

  template <class T>
  void send(int rank, MessageType type, const T& body) {
    network_.endpoint(0).send(rank, static_cast<std::uint32_t>(type), to_bytes(body));
  }

  static SegmentId segment(int count) { return make_segment(kIncarnation, count); }
  /// A segment from scratch. `start`: from where the helper counts.
  static RunSegment order(int rank, int count, TrialId trial, Step until,
                          std::vector<std::pair<std::string, Value>> params = {}) {
    RunSegment what;
    what.incarnation = kIncarnation;
    what.run.worker = id_of(rank);
    what.run.segment = segment(count);
    what.run.trial = trial;
    what.run.trial_seed = 7;
    what.run.until = until;
    what.params = std::move(params);
    return what;
  }
  /// … that begins from a state. `ranks`: where it is; -1 is the disk.
  static RunSegment from(RunSegment what, const CheckpointId& state, std::vector<std::int32_t> ranks) {
    Source source{state, {}};
    for (const int rank : ranks) source.places.push_back(rank < 0 ? kDisk : id_of(rank));
    what.run.from = std::move(source);
    what.run.report_after = state.step;
    what.ranks = std::move(ranks);
    return what;
  }
  void run(int rank, const RunSegment& what) { send(rank, MessageType::kRunSegment, what); }
  void stop(int rank, int count) {
    send(rank, MessageType::kStopSegment, StopSegment{kIncarnation, segment(count)});
  }

  /// One round of the loop that a rank runs. Ranks in `asleep_` get nothing done.
  void turn(int longest_ms = 0) {
    std::vector<pollfd> waiting;
    for (auto& [rank, worker] : workers_) {
      if (asleep_.contains(rank)) continue;
      while (const auto message = network_.endpoint(rank).receive()) worker->on_message(*message, now_s_);
      worker->tick(now_s_);
      for (const int fd : worker->fds()) waiting.push_back({fd, POLLIN, 0});
    }
    listen();
    // What one of them has just sent to another must not wait for a descriptor.
    ::poll(waiting.data(), waiting.size(), heard_ ? 0 : longest_ms);
    heard_ = false;
  }
  /// Turns until `done` or a hang.
  template <class Done>
  void turn_until(Done done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(kHang_ms);
    while (!done()) {
      if (std::chrono::steady_clock::now() > limit) {
        ADD_FAILURE() << "it never came; told so far: " << testing::PrintToString(texts());
        return;
      }
      turn(10);
    }
  }
  /// All that was told since last asked, once it is `count` events and nothing else is on its way. Copies on
  /// disk come at a time of their own, so they come last here.
  std::vector<std::string> told(std::size_t count) {
    turn_until([&] { return told_.size() >= count; });
    for (int i = 0; i < 3; ++i) turn(10);
    auto all = texts();
    std::stable_partition(all.begin(), all.end(),
                          [](const std::string& text) { return text.find("on disk") == text.npos; });
    last_ = std::exchange(told_, {});
    return all;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const Event& event : told_) all.push_back(to_text(event));
    return all;
  }
  /// The only event of this type among those that told() returned last.
  template <class T>
  T the() const {
    std::vector<T> found;
    for (const Event& event : last_) {
      if (const T* e = std::get_if<T>(&event)) found.push_back(*e);
    }
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? T{} : found.front();
  }

  /// Processes of hosts that are alive.
  std::set<pid_t> hosts() const {
    std::set<pid_t> found;
    for (const pid_t keeper : children_of(spawner_.pid())) {
      for (const pid_t host : children_of(keeper)) {
        if (!is_dead(host)) found.insert(host);
      }
    }
    return found;
  }

  LoopbackNetwork network_{3};
  std::map<int, std::unique_ptr<Worker>> workers_;
  std::set<int> asleep_;
  double now_s_ = 1000;
  double segment_timeout_s_ = 0;
  std::vector<Event> told_;
  std::vector<Event> last_;
  std::vector<Hello> hellos_;
  std::vector<std::pair<int, Goodbye>> goodbyes_;
  std::vector<Chunk> chunks_;
  int beats_ = 0;

 private:
  void listen() {
    while (const auto message = network_.endpoint(0).receive()) {
      heard_ = true;
      switch (static_cast<MessageType>(message->type)) {
        case MessageType::kHello:
          hellos_.push_back(from_bytes<Hello>(message->body).value());
          break;
        case MessageType::kTold: {
          const auto told = from_bytes<Told>(message->body);
          ASSERT_TRUE(told);
          EXPECT_EQ(told->incarnation, kIncarnation);
          told_.push_back(told->event);
          break;
        }
        case MessageType::kGoodbye:
          goodbyes_.emplace_back(message->from, from_bytes<Goodbye>(message->body).value());
          break;
        case MessageType::kAlive:
          ++beats_;
          break;
        case MessageType::kChunk:
          chunks_.push_back(from_bytes<Chunk>(message->body).value());
          break;
        default:
          ADD_FAILURE() << "a message of type " << message->type << " is not for a coordinator";
      }
    }
  }
  bool heard_ = false;
};

}  // namespace coppice
