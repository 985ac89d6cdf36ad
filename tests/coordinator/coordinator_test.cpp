// The coordinator between a scripted study and workers that the test plays: what is recorded, and all that
// leaves, in order.
#include "coordinator/coordinator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "transport/loopback.hpp"
#include "wire/bytes.hpp"
#include "wire/checkpoint_name.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using RunCommand = coppice::Run;  // testing::Test has a Run of its own

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

SearchSpace one_float() {
  Parameter x;
  x.name = "x";
  x.low = 0;
  x.high = 1;
  return SearchSpace({x});
}

/// What left for a rank, as text: "run #1 t0", "stop #1", "drop t0 s2", "welcome 3", "shutdown 75".
std::string to_text(const Message& message) {
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
    settings.space = one_float();
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
    for (int rank = 0; rank < network_.size(); ++rank) EXPECT_THAT(sent(rank), IsEmpty()) << "rank " << rank;
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
    ASSERT_THAT(sent(1), ElementsAre("welcome 0", "run #1 t0"));
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

TEST_F(CoordinatorTest, WelcomesAWorkerAndGivesItASegment) {
  begin();
  expect_silence();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 0", "run #1 t0"));
  EXPECT_EQ(order_.incarnation, 3);
  EXPECT_EQ(order_.run.until, 4);
  ASSERT_THAT(order_.params, SizeIs(1));
  EXPECT_EQ(order_.params[0].first, "x");
  EXPECT_EQ(order_.params[0].second, Value(0.25));
  ASSERT_THAT(recorded_, SizeIs(3)) << "begun, worker up, proposed";
  EXPECT_EQ(std::get<WorkerUp>(recorded_[1]).rank, 2);
  EXPECT_EQ(std::get<WorkerUp>(recorded_[1]).device_uuid, "uuid");
  EXPECT_TRUE(std::holds_alternative<Proposed>(recorded_[2]));
  expect_silence();
}

TEST_F(CoordinatorTest, NothingLeavesBeforeItIsRecorded) {
  begin();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  full_disk_ = true;
  EXPECT_THROW(hello(1), std::runtime_error);
  expect_silence();
}

TEST_F(CoordinatorTest, ARecordThatFailsHoldsBackWhatItsEventBroughtAboutAndAllAfterIt) {
  begin();
  start_one();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  full_disk_ = true;
  report(2, 9, 9, 9);  // not accepted: nothing to record
  EXPECT_THROW(end(1, 1, 0, 4), std::runtime_error);
  expect_silence();
  full_disk_ = false;
  EXPECT_THAT(recorded_, IsEmpty());
  // The study knows what the record doesn't: nothing may leave any more, whatever comes.
  hello(2);
  coordinator_->request_stop(StopCause::kSignal, "", now_s_);
  coordinator_->tick(now_s_);
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, EachCommandWaitsForTheRecordOfItsOwnEvent) {
  begin();
  start_one();
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1"));
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  seen_at_record_ = 0;
  end(1, 1, 0, 4);  // two proposals follow, and then a run each
  EXPECT_THAT(recorded_, SizeIs(4)) << "worker up, ended, proposed, proposed";
  EXPECT_EQ(seen_at_record_, 1u)
      << "the first run had left when the last proposal was recorded, and the second had not";
  EXPECT_THAT(sent(1), SizeIs(1));
  EXPECT_THAT(sent(2), SizeIs(1));
}

TEST_F(CoordinatorTest, RecordsTheRunningTimeOfAllIncarnations) {
  CoordinatorSettings settings;
  settings.time_before_s = 1000;
  begin(settings);
  now_s_ += 7;
  hello(1);
  EXPECT_THAT(recorded_s_, ElementsAre(1000, 1007));
}

TEST_F(CoordinatorTest, TellsTheSamplerWhatBecomesOfATrialAndNotWhileItHasNoHyperparameters) {
  scheduler_->stop_reached = true;
  begin();
  start_one();
  report(1, 1, 0, 1);
  end(1, 1, 0, 4);
  const auto is = [](TrialState state) { return testing::Pair(0, state); };
  EXPECT_THAT(sampler_->told, ElementsAre(is(TrialState::kReady), is(TrialState::kRunning),
                                          is(TrialState::kRunning), is(TrialState::kStopped)));
}

TEST_F(CoordinatorTest, ACloneIsExploredFromItsBaseAndSentTheRanksThatHaveTheState) {
  begin();
  start_one();
  tell(1, Saved{state(0, 4, 1), 0, 8});
  tell(1, Saved{state(0, 4, 1), kDisk, 8});
  report(1, 1, 0, 4);
  scheduler_->work.push_back(Clone{kNoMember, {0, 4}, 0, 8, DecisionKind::kExploit, "test"});
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #2 t1"));
  EXPECT_EQ(order_.params[0].second, Value(0.375));
  ASSERT_TRUE(order_.run.from);
  EXPECT_THAT(order_.run.from->places, ElementsAre(kDisk, 0));
  EXPECT_THAT(order_.ranks, ElementsAre(-1, 1));
  expect_silence();
}

TEST_F(CoordinatorTest, WhatAnotherIncarnationSaysIsDropped) {
  begin();
  start_one();
  for (const std::int32_t other : {2, 4}) {
    tell(1, Reported{segment(1), 0, 0, 1, {{"loss", 0.5}}}, other);
    tell(1, SegmentEnded{segment(1), 0, 0, 4, false, {}}, other);
    tell(1, Saved{state(5, 5, 1), 0, 8}, other);
  }
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
  report(1, 1, 0, 1);
  EXPECT_THAT(recorded_, SizeIs(1));
}

TEST_F(CoordinatorTest, AWorkerMayNotTellWhatIsTheCoordinatorsOwn) {
  begin();
  start_one();
  tell(1, Begun{9, std::nullopt, std::nullopt});
  tell(1, WorkerUp{1, 2, "", "", ""});
  tell(1, WorkerLost{0, ""});
  tell(1, StopRequested{});
  tell(1, Proposed{0, {Value(0.5)}, ""});
  coordinator_->on_message({1, static_cast<std::uint32_t>(MessageType::kTold), {std::byte{1}}}, now_s_);
  coordinator_->on_message({1, 999, {}}, now_s_);
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, ASecondHelloMakesNoSecondWorker) {
  begin();
  start_one();
  hello(1);
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, ALateCopyOfADroppedStateIsDropped) {
  begin();
  start_one();
  tell(1, Saved{state(0, 4, 1), 0, 8});
  scheduler_->stop_reached = true;
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "so that the study goes on"});
  end(1, 1, 0, 4);
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s4", "run #2 t1"));
  recorded_.clear();
  touch(state(0, 4, 1));  // the worker's copy to disk came to its end meanwhile
  tell(1, Saved{state(0, 4, 1), kDisk, 8});
  tell(1, Saved{state(0, 3, 1), 0, 8});
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 4, 1)));
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s3"));
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, ACopyThatIsSaidTwiceStays) {
  begin();
  start_one();
  tell(1, Saved{state(0, 2, 1), 0, 8});
  touch(state(0, 2, 1));
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  tell(1, Saved{state(0, 2, 1), 0, 8});
  EXPECT_TRUE(exists(state(0, 2, 1)));
  EXPECT_THAT(recorded_, SizeIs(2));
  expect_silence();
}

TEST_F(CoordinatorTest, AnOlderStateIsRemovedFromDiskOnceTheNewerOneIsSafe) {
  begin();
  start_one();
  for (const Step step : {1, 2, 3}) {
    tell(1, Saved{state(0, step, 1), 0, 8});
    touch(state(0, step, 1));
    tell(1, Saved{state(0, step, 1), kDisk, 8});
  }
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 1, 1)));
  EXPECT_TRUE(exists(state(0, 2, 1)) && exists(state(0, 3, 1))) << "two are kept";
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s1"));
}

/// Otherwise a node that dies before the journal's next commit leaves a journal that knows of states which
/// are gone.
TEST_F(CoordinatorTest, NothingIsRemovedBeforeTheRecordOfItIsDurable) {
  begin();
  start_one();
  commits_ = false;
  for (const Step step : {1, 2, 3}) {
    tell(1, Saved{state(0, step, 1), 0, 8});
    touch(state(0, step, 1));
    tell(1, Saved{state(0, step, 1), kDisk, 8});
  }
  const std::uint64_t all = mark_;
  durable_ = all - 1;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(exists(state(0, 1, 1)));
  expect_silence();
  durable_ = all;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 1, 1)));
  EXPECT_THAT(sent(1), ElementsAre("drop t0 s1"));
}

/// A copy to disk that ends after its state was dropped, and before that is durable, must not be counted on.
TEST_F(CoordinatorTest, AStateThatWasDroppedDoesNotComeBackFromDisk) {
  begin();
  start_one();
  commits_ = false;
  for (const Step step : {1, 2, 3}) tell(1, Saved{state(0, step, 1), 0, 8});
  ASSERT_EQ(study_->checkpoints().find(0, 1), nullptr);
  touch(state(0, 1, 1));
  tell(1, Saved{state(0, 1, 1), kDisk, 8});
  EXPECT_EQ(study_->checkpoints().find(0, 1), nullptr);
  durable_ = mark_;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(exists(state(0, 1, 1)));
}

TEST_F(CoordinatorTest, AFailedTrialIsTriedAgainAfterItsDelay) {
  begin();
  start_one();
  tell(1, SegmentFailed{segment(1), 0, 0, 0, "boom", {}});
  now_s_ += 0.9;
  coordinator_->tick(now_s_);
  expect_silence();
  now_s_ += 0.2;
  coordinator_->tick(now_s_);
  EXPECT_THAT(sent(1), ElementsAre("run #2 t0"));
  coordinator_->tick(now_s_ + 100);
  expect_silence();
}

TEST_F(CoordinatorTest, ALostRanksTrialGoesOnElsewhere) {
  begin();
  start_one();
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1"));
  recorded_.clear();
  coordinator_->lose_rank(1, "it is dead", now_s_);
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).worker, 0);
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).reason, "it is dead");
  EXPECT_THAT(sent(2), ElementsAre("run #2 t0", "lost 1"));
  coordinator_->lose_rank(1, "again", now_s_);
  EXPECT_THAT(recorded_, SizeIs(1));
  expect_silence();
}

TEST_F(CoordinatorTest, WhatAGivenUpRankSaysIsDropped) {
  begin();
  start_one();
  tell(1, Saved{state(0, 2, 1), 0, 8});
  touch(state(0, 2, 1));
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  coordinator_->lose_rank(1, "it is slow", now_s_);
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #2 t0"));
  recorded_.clear();
  report(1, 1, 0, 3);
  report(1, 2, 0, 3);  // even with the number of the new segment
  end(1, 1, 0, 4);
  tell(1, CheckpointLost{state(0, 2, 1), kDisk});
  touch(state(0, 3, 1));
  tell(1, Saved{state(0, 3, 1), 0, 8});
  tell(1, Saved{state(0, 3, 1), kDisk, 8});
  coordinator_->tick(now_s_);
  EXPECT_THAT(recorded_, IsEmpty());
  EXPECT_FALSE(exists(state(0, 3, 1))) << "nobody would ever remove it";
  EXPECT_TRUE(exists(state(0, 2, 1)));
  EXPECT_THAT(sent(1), testing::Each("dismissed"));
  expect_silence();
}

TEST_F(CoordinatorTest, ARankThatWasGivenUpBeforeItSpokeIsWelcomeAfterAll) {
  begin();
  coordinator_->lose_rank(1, "it says nothing", now_s_);
  EXPECT_THAT(recorded_, SizeIs(1)) << "begun; there is no worker to lose";
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  hello(1);
  EXPECT_THAT(sent(1), ElementsAre("welcome 0", "run #1 t0"));
}

TEST_F(CoordinatorTest, AStopEndsSegmentsAndThenTheStudy) {
  begin();
  start_one();
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "never begun"});
  coordinator_->request_stop(StopCause::kSignal, "SIGTERM", now_s_);
  EXPECT_THAT(sent(1), ElementsAre("stop #1"));
  expect_silence();
  coordinator_->request_stop(StopCause::kSignal, "SIGTERM", now_s_);
  coordinator_->tick(now_s_);
  expect_silence();
  end(1, 1, 0, 2);
  for (int rank = 0; rank < 3; ++rank) EXPECT_THAT(sent(rank), ElementsAre("shutdown 75"));
  EXPECT_EQ(coordinator_->exit_status(), 75);
}

TEST_F(CoordinatorTest, TheEndOfTheAllocationStopsTheStudyInTime) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 100;
  begin(settings);
  EXPECT_EQ(std::get<Begun>(recorded_.at(0)).time_left_s, 100);
  start_one();
  now_s_ += 100 - Study::kLastWrites_s - 0.1;
  coordinator_->tick(now_s_);
  expect_silence();
  now_s_ += 0.2;
  coordinator_->tick(now_s_);
  EXPECT_THAT(sent(1), ElementsAre("stop #1"));
  EXPECT_EQ(std::get<StopRequested>(recorded_.back()).cause, StopCause::kTimeLimit);
  now_s_ = *settings.ends_at_s - EndOfAllocation::kGiveUp_s;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(std::holds_alternative<GivenUp>(recorded_.back())) << "its step does not end";
  for (int rank = 0; rank < 3; ++rank) EXPECT_THAT(sent(rank), ElementsAre("shutdown 75"));
  EXPECT_FALSE(coordinator_->over());
  now_s_ = *settings.ends_at_s - EndOfAllocation::kLast_s + 0.1;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over()) << "nobody is waited for any more";
}

TEST_F(CoordinatorTest, TheTimeLeftIsToldWhereItMattersAndNotTooOften) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  begin(settings);
  start_one();
  const auto times_told = [&] {
    return std::count_if(recorded_.begin(), recorded_.end(),
                         [](const Event& event) { return std::holds_alternative<TimeLeft>(event); });
  };
  tell(1, Saved{state(0, 4, 1), 0, 8});
  SegmentTimes times;
  times.startup_s = 1;
  times.train_s = 8;
  times.steps = 4;
  scheduler_->work.push_back(Continue{0, 8, DecisionKind::kContinue, ""});
  tell(1, SegmentEnded{segment(1), 0, 0, 4, false, times});
  EXPECT_THAT(sent(1), ElementsAre("run #2 t0"));
  recorded_.clear();
  for (int step = 5; step <= 7; ++step) tell(1, Reported{segment(2), 0, 0, step, {{"loss", 0.5}}, 2});
  hello(2);
  EXPECT_EQ(times_told(), 0) << "no segment takes so long";
  now_s_ = *settings.ends_at_s - 8;  // start-up, a step and the last writes
  tell(1, Reported{segment(2), 0, 0, 8, {{"loss", 0.5}}, 2});
  EXPECT_EQ(times_told(), 1) << "rank 2 is idle";
  scheduler_->work.push_back(NewTrial{kNoMember, 4, ""});
  now_s_ += 0.05;
  tell(1, Saved{state(0, 8, 2), 0, 8});
  EXPECT_EQ(times_told(), 1);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #3 t1"));
}

TEST_F(CoordinatorTest, NothingComesBeforeTheStartItself) {
  // The start before was killed near the end of its allocation, and its worker rested.
  study_->step(Begun{2, std::nullopt, std::nullopt, false, std::nullopt, std::nullopt, 1.0});
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  study_->step(WorkerUp{0, 1, "node", "", ""});
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 100;
  begin(settings);
  ASSERT_FALSE(recorded_.empty());
  EXPECT_TRUE(std::holds_alternative<Begun>(recorded_[0]));
}

TEST_F(CoordinatorTest, AStopGivesUpOnAHostThatHangs) {
  begin();
  expect_given_up_after(Coordinator::kStop_s);
  EXPECT_THAT(sent(1), ElementsAre("stop #1", "shutdown 75"));
}

TEST_F(CoordinatorTest, AStopWaitsForLongStepsWhereTheEndIsKnown) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  begin(settings);
  expect_given_up_after(1000 - EndOfAllocation::kGiveUp_s, StopCause::kTimeLimit);
}

TEST_F(CoordinatorTest, AStopOfTheUsersDoesNotWaitForTheEndOfALongAllocation) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  begin(settings);
  expect_given_up_after(Coordinator::kStop_s);
}

TEST_F(CoordinatorTest, AStopWaitsAsLongAsItIsToldTo) {
  CoordinatorSettings settings;
  settings.ends_at_s = now_s_ + 1000;
  settings.stop_s = 30;
  begin(settings);
  expect_given_up_after(30);
}

TEST_F(CoordinatorTest, TheWallTimeCountsTheTimeBefore) {
  CoordinatorSettings settings;
  settings.wall_time_s = 60;
  settings.time_before_s = 50;
  begin(settings);
  start_one();
  now_s_ += 9.5;
  coordinator_->tick(now_s_);
  expect_silence();
  now_s_ += 0.5;
  coordinator_->tick(now_s_);
  EXPECT_THAT(sent(1), ElementsAre("stop #1"));
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<StopRequested>(recorded_[0]).cause, StopCause::kWallTime);
  now_s_ += 100;
  coordinator_->tick(now_s_);
  EXPECT_THAT(recorded_, SizeIs(1)) << "once";
  end(1, 1, 0, 3);
  EXPECT_EQ(coordinator_->exit_status(), 0) << "the budget is used up: that is an end like another";
}

TEST_F(CoordinatorTest, IsOverWhenAllHaveSaidGoodbye) {
  begin();
  hello(1);  // there is nothing to do
  for (int rank : {0, 2}) EXPECT_THAT(sent(rank), ElementsAre("shutdown 0"));
  EXPECT_THAT(sent(1), ElementsAre("welcome 0", "shutdown 0"));
  EXPECT_EQ(coordinator_->exit_status(), 0);
  recorded_.clear();
  goodbye(0);
  goodbye(1);
  goodbye(2, 2);  // of another incarnation
  coordinator_->tick(now_s_);
  EXPECT_FALSE(coordinator_->over());
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("shutdown 0")) << "too late to be welcomed";
  goodbye(2, 0);  // it never was
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
  EXPECT_THAT(recorded_, IsEmpty());
  expect_silence();
}

TEST_F(CoordinatorTest, ACopyToDiskAfterTheEndIsStillRecorded) {
  begin();
  start_one();
  tell(1, Saved{state(0, 2, 1), 0, 8});
  coordinator_->request_stop(StopCause::kSignal, "", now_s_);
  end(1, 1, 0, 2);
  recorded_.clear();
  tell(1, Saved{state(0, 2, 1), kDisk, 8});
  EXPECT_THAT(recorded_, SizeIs(1)) << "the next incarnation goes on from it";
}

TEST_F(CoordinatorTest, WaitsForGoodbyesNoLongerThanTheFarewell) {
  CoordinatorSettings settings;
  settings.farewell_s = 30;
  begin(settings);
  hello(1);
  goodbye(1);
  now_s_ += 30;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(coordinator_->over());
  now_s_ += 0.5;
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
}

TEST_F(CoordinatorTest, NobodyWaitsForARankThatIsGivenUpAtTheEnd) {
  begin();
  hello(1);
  goodbye(0);
  goodbye(1);
  coordinator_->lose_rank(2, "it is dead", now_s_);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
}

TEST_F(CoordinatorTest, ADedicatedRankZeroIsNeitherToldNorAwaited) {
  CoordinatorSettings settings;
  settings.rank_0_works = false;
  begin(settings);
  hello(1);
  EXPECT_THAT(sent(0), IsEmpty());
  goodbye(1);
  goodbye(2);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
}

TEST_F(CoordinatorTest, IsNotOverBeforeItHasEnded) {
  begin();
  start_one();
  now_s_ += 1e6;
  coordinator_->tick(now_s_);
  EXPECT_FALSE(coordinator_->over());
  EXPECT_EQ(coordinator_->exit_status(), 1) << "what has no end failed";
}

TEST_F(CoordinatorTest, ASilentWorkerIsDeclaredDeadAndItsSegmentGoesToAnother) {
  CoordinatorSettings settings;
  settings.welcome.worker_timeout_s = 10;
  begin(settings);
  start_one();
  hello(0);
  hello(2);
  for (int rank : {0, 2}) sent(rank);
  recorded_.clear();
  for (int i = 0; i < 11; ++i) {
    alive(2);
    now_s_ += 1;
    coordinator_->tick(now_s_);
  }
  ASSERT_THAT(recorded_, SizeIs(1)) << "rank 0 is the coordinator's own";
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).worker, 0);
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).reason, "it was silent for 10 s, timeouts.worker");
  EXPECT_THAT(sent(0), ElementsAre("run #2 t0", "lost 1"));
  EXPECT_THAT(sent(2), testing::Contains("lost 1"));
  EXPECT_FALSE(coordinator_->all_here());
}

TEST_F(CoordinatorTest, ABeatGoesToWhomNothingElseWasSaidForASecond) {
  begin();
  hello(1);
  for (int rank = 0; rank < 3; ++rank) sent(rank);
  coordinator_->tick(now_s_);
  now_s_ += 0.6;
  coordinator_->tick(now_s_);
  scheduler_->work.push_back(NewTrial{kNoMember, 4, "test"});
  hello(2);
  sent(2);
  now_s_ += 0.6;
  coordinator_->tick(now_s_);
  expect_silence();
  EXPECT_THAT(beats_, ElementsAre(1));
}

TEST_F(CoordinatorTest, ACoordinatorThatWasSuspendedDeclaresNobodyDead) {
  begin();
  start_one();
  coordinator_->tick(now_s_);
  for (int i = 0; i < 10; ++i) {
    now_s_ += 1e4;
    coordinator_->tick(now_s_);
  }
  EXPECT_THAT(recorded_, IsEmpty());
}

TEST_F(CoordinatorTest, AWorkerThatWasTakenForDeadMayBeginAnew) {
  begin();
  start_one();
  coordinator_->lose_rank(1, "it is slow", now_s_);
  recorded_.clear();
  report(1, 1, 0, 1);
  alive(1);
  alive(1, 2);  // of another incarnation
  EXPECT_THAT(sent(1), ElementsAre("dismissed", "dismissed"));
  EXPECT_THAT(recorded_, IsEmpty());
  EXPECT_FALSE(coordinator_->all_here());
  hello(1);
  EXPECT_THAT(sent(1), ElementsAre("welcome 1", "run #2 t0"));
  alive(1);
  EXPECT_TRUE(coordinator_->all_here());
  expect_silence();
}

TEST_F(CoordinatorTest, AWorkerThatWasTakenForDeadHearsOfTheEnd) {
  begin();
  start_one();
  hello(2);
  coordinator_->lose_rank(1, "it is slow", now_s_);
  end(2, 2, 0, 4);
  for (int rank = 0; rank < 3; ++rank) sent(rank);
  ASSERT_TRUE(study_->finish());
  alive(1);
  EXPECT_THAT(sent(1), ElementsAre("shutdown 0"));
  EXPECT_FALSE(coordinator_->all_here());
}

TEST_F(CoordinatorTest, ARankThatNeverSaysHelloIsNotWaitedForForEver) {
  CoordinatorSettings settings;
  settings.welcome.worker_timeout_s = 10;
  begin(settings);
  hello(1);
  for (int i = 0; i < 11; ++i) {
    alive(1);
    now_s_ += 1;
    coordinator_->tick(now_s_);
  }
  goodbye(0);
  goodbye(1);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over()) << "not for rank 2";
}

TEST_F(CoordinatorTest, WhatAWorkerThatLeavesHadGoesToAnother) {
  begin();
  start_one();
  goodbye(1, 2, "of another incarnation");
  EXPECT_THAT(recorded_, IsEmpty());
  goodbye(1, 3, "its helper is gone");
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).worker, 0);
  EXPECT_EQ(std::get<WorkerLost>(recorded_[0]).reason, "its helper is gone");
  expect_silence();
  hello(2);
  EXPECT_THAT(sent(2), ElementsAre("welcome 1", "run #2 t0"));
  end(2, 2, 0, 4);
  for (int rank = 0; rank < 3; ++rank) EXPECT_THAT(sent(rank), ElementsAre("shutdown 0")) << "1 waits for it";
  goodbye(0);
  goodbye(2);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over()) << "1 has said goodbye";
}

TEST_F(CoordinatorTest, WhoHasLeftMayBeSilentAtTheEnd) {
  CoordinatorSettings settings;
  settings.welcome.worker_timeout_s = 10;
  begin(settings);
  start_one();
  goodbye(1, 3, "its helper is gone");
  hello(2);
  end(2, 2, 0, 4);
  ASSERT_TRUE(study_->finish());
  for (int i = 0; i < 30; ++i) {
    alive(2);  // it writes
    now_s_ += 1;
    coordinator_->tick(now_s_);
  }
  EXPECT_TRUE(coordinator_->all_here()) << "1 only waits for its release";
  EXPECT_FALSE(coordinator_->over());
}

TEST_F(CoordinatorTest, WithoutAnyWorkerTheStudyStops) {
  begin();
  start_one();
  goodbye(0, 0, "it has no device");
  coordinator_->lose_rank(1, "it is dead", now_s_);
  coordinator_->tick(now_s_);
  EXPECT_FALSE(study_->finish()) << "rank 2 may come yet";
  recorded_.clear();
  coordinator_->lose_rank(2, "it said nothing", now_s_);
  coordinator_->tick(now_s_);
  ASSERT_THAT(recorded_, SizeIs(1));
  EXPECT_EQ(std::get<StopRequested>(recorded_[0]).cause, StopCause::kNoWorker);
  EXPECT_EQ(study_->finish()->reason, "no worker is left: rank 2: it said nothing; run it again to go on");
  EXPECT_EQ(coordinator_->exit_status(), 75);
  coordinator_->tick(now_s_);
  EXPECT_TRUE(coordinator_->over());
  EXPECT_THAT(sent(0), ElementsAre("shutdown 75"));
  EXPECT_THAT(recorded_, SizeIs(1)) << "once";
}

}  // namespace
}  // namespace coppice
