/// The coordinator between a scripted study and workers that the test plays: what is recorded, and all that
/// leaves, in order.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../support/parameters.hpp"
#include "coordinator/coordinator.hpp"
#include "transport/loopback.hpp"
#include "wire/bytes.hpp"
#include "wire/checkpoint_name.hpp"

namespace coppice {

/// Hands out what the test put on it.
class ScriptedScheduler final : public Scheduler {
 public:
  void on_reached(SchedulerContext& context, TrialId trial) override {
    if (stop_reached && !is_over(context.board().trial(trial).state)) context.stop(trial, "told to");
  }
  void on_failed(SchedulerContext&, TrialId, FailureCause) override {}
  std::optional<Work> next(SchedulerContext&, WorkerId) override {
    if (work.empty()) return std::nullopt;
    const Work first = work.front();
    work.pop_front();
    return first;
  }
  std::deque<Work> work;
  bool stop_reached = false;
};

class CountingSampler final : public Sampler {
 public:
  explicit CountingSampler(double value) : value_(value) {}
  Proposal ask(const SampleRequest& request) const override {
    const double base = request.base != nullptr ? std::get<double>((*request.base)[0]) : 0;
    return {{Value(base + value_)}, ""};
  }
  void tell(const Trial& trial) override { told.emplace_back(trial.id, trial.state); }
  std::vector<std::pair<TrialId, TrialState>> told;

 private:
  double value_;
};

/// What left for a rank, as text: "run #1 t0", "stop #1", "drop t0 s2", "welcome 3", "shutdown 75".
inline std::string to_text(const Message& message) {
  const auto count = [](SegmentId segment) { return std::to_string(segment & 0xffffffff); };
  switch (static_cast<MessageType>(message.type)) {
    case MessageType::kWelcome:
      return "welcome " + std::to_string(from_bytes<Welcome>(message.body)->worker);
    case MessageType::kRunSegment: {
      const auto order = from_bytes<RunSegment>(message.body);
      return "run #" + count(order->run.segment) + " t" + std::to_string(order->run.trial);
    }
    case MessageType::kStopSegment:
      return "stop #" + count(from_bytes<StopSegment>(message.body)->segment);
    case MessageType::kDropCheckpoint: {
      const CheckpointId id = from_bytes<DropCheckpoint>(message.body)->checkpoint;
      return "drop t" + std::to_string(id.trial) + " s" + std::to_string(id.step);
    }
    case MessageType::kRankLost:
      return "lost " + std::to_string(from_bytes<RankLost>(message.body)->rank);
    case MessageType::kDismissed:
      return "dismissed";
    case MessageType::kShutdown:
      return "shutdown " + std::to_string(from_bytes<Shutdown>(message.body)->exit_status);
    default:
      return "type " + std::to_string(message.type);
  }
}

class CoordinatorTest : public testing::Test {
 protected:
  CoordinatorTest() {
    std::string name = (std::filesystem::temp_directory_path() / "coppice-coordinator-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    StudySettings settings;
    settings.seed = 7;
    settings.space = SearchSpace({spaces::number("x", 0, 1)});
    settings.metric = "loss";
    settings.steps_per_trial = 10;
    auto owned = std::make_unique<ScriptedScheduler>();
    scheduler_ = owned.get();
    study_ = std::make_unique<Study>(std::move(settings), std::move(owned));
    auto sampler = std::make_unique<CountingSampler>(0.25);
    sampler_ = sampler.get();
    proposer_ = std::make_unique<Proposer>(std::move(sampler), std::make_unique<CountingSampler>(0.125),
                                           nullptr, ProposerSettings{.quick_s = 1e9});
  }
  ~CoordinatorTest() override { std::filesystem::remove_all(folder_); }

  void make(CoordinatorSettings settings = {}) {
    settings.checkpoints = folder_;
    settings.welcome.metric = "loss";
    coordinator_ = std::make_unique<Coordinator>(
        settings, *study_, *proposer_, network_.endpoint(0),
        [this](double time_s, const Event& event, const Effects&) {
          if (full_disk_) throw std::runtime_error("the disk is full");
          for (int rank = 0; rank < network_.size(); ++rank) seen_at_record_ += inbox_size(rank);
          recorded_.push_back(event);
          recorded_s_.push_back(time_s);
          return ++mark_;
        },
        [this] { return commits_ ? mark_ : durable_; });
  }
  void begin(CoordinatorSettings settings = {}) {
    make(std::move(settings));
    coordinator_->begin(Begun{3, std::nullopt, std::nullopt}, now_s_);
  }
  template <class T>
  void say(int rank, MessageType type, const T& body) {
    coordinator_->on_message({rank, static_cast<std::uint32_t>(type), to_bytes(body)}, now_s_);
  }
  void hello(int rank) { say(rank, MessageType::kHello, Hello{rank, "node", "uuid", "name"}); }
  void tell(int rank, Event event, std::int32_t incarnation = 3) {
    say(rank, MessageType::kTold, Told{incarnation, std::move(event)});
  }
  void alive(int rank, std::int32_t incarnation = 3) { say(rank, MessageType::kAlive, Alive{incarnation}); }
  void goodbye(int rank, std::int32_t incarnation = 3, const std::string& reason = "") {
    say(rank, MessageType::kGoodbye, Goodbye{incarnation, reason});
  }

  /// Takes everything out of a rank's inbox. Heartbeats are only counted.
  std::vector<std::string> sent(int rank) {
    std::vector<std::string> all;
    take_in(rank);
    for (Message& message : std::exchange(inbox_[static_cast<std::size_t>(rank)], {})) {
      EXPECT_EQ(message.from, 0);
      all.push_back(to_text(message));
      if (message.type == static_cast<std::uint32_t>(MessageType::kRunSegment)) {
        order_ = from_bytes<RunSegment>(message.body).value();
      }
    }
    return all;
  }
  void expect_silence() {
    for (int rank = 0; rank < network_.size(); ++rank)
      EXPECT_THAT(sent(rank), testing::IsEmpty()) << "rank " << rank;
  }
  std::size_t inbox_size(int rank) {
    take_in(rank);
    return inbox_[static_cast<std::size_t>(rank)].size();
  }
  /// A stop comes, and rank 1's host hangs.
  void expect_given_up_after(double seconds, StopCause cause = StopCause::kSignal) {
    start_one();
    coordinator_->request_stop(cause, "a signal", now_s_);
    coordinator_->tick(now_s_);
    coordinator_->tick(now_s_ + seconds - 0.5);
    EXPECT_FALSE(study_->finish());
    coordinator_->tick(now_s_ + seconds);
    EXPECT_TRUE(study_->finish());
  }

  static SegmentId segment(int count) { return make_segment(3, count); }
  static CheckpointId state(TrialId trial, Step step, int count) { return {trial, step, segment(count)}; }
  /// Rank 1 up and with segment 1 of trial 0, until step 4.
  void start_one() {
    scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
    hello(1);
    ASSERT_THAT(sent(1), testing::ElementsAre("welcome 0", "run #1 t0"));
    recorded_.clear();
  }
  void end(int rank, int count, TrialId trial, Step step) {
    tell(rank, SegmentEnded{segment(count), trial, 0, step, false, {}});
  }
  void report(int rank, int count, TrialId trial, Step step) {
    tell(rank, Reported{segment(count), trial, 0, step, {{"loss", 0.5}}});
  }
  void touch(const CheckpointId& id) const { std::ofstream(folder_ / checkpoint_file_name(id)) << "x"; }
  bool exists(const CheckpointId& id) const {
    return std::filesystem::exists(folder_ / checkpoint_file_name(id));
  }

  std::filesystem::path folder_;
  LoopbackNetwork network_{3};
  ScriptedScheduler* scheduler_ = nullptr;
  std::unique_ptr<Study> study_;
  CountingSampler* sampler_ = nullptr;
  std::unique_ptr<Proposer> proposer_;
  std::unique_ptr<Coordinator> coordinator_;
  double now_s_ = 100;
  bool full_disk_ = false;
  bool commits_ = true;  ///< at once; else everything up to durable_
  std::uint64_t mark_ = 0;
  std::uint64_t durable_ = 0;
  std::vector<Event> recorded_;
  std::vector<double> recorded_s_;
  std::size_t seen_at_record_ = 0;
  RunSegment order_;        ///< the last that was sent
  std::vector<int> beats_;  ///< ranks to whom the coordinator said no more than that it lives

 private:
  void take_in(int rank) {
    while (auto message = network_.endpoint(rank).receive()) {
      if (message->type == static_cast<std::uint32_t>(MessageType::kCoordinatorAlive)) {
        beats_.push_back(rank);
      } else {
        inbox_[static_cast<std::size_t>(rank)].push_back(std::move(*message));
      }
    }
  }
  std::vector<std::vector<Message>> inbox_{3};
};

}  // namespace coppice
