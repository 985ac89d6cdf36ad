// What a worker is ordered, and all that it then tells: nothing more. The helper counts: its metric is where
// it began plus the steps it has trained, so it shows which state was gone on from.
#include "worker/worker.hpp"

#include <fstream>
#include <sstream>

#include "checkpoint_support.hpp"
#include "worker/checkpoint_file.hpp"
#include "worker_fixture.hpp"

namespace coppice {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A state of the helper that has counted to `value`.
Blob counted_to(std::int64_t value) {
  return Blob::copy(std::as_bytes(std::span(&value, 1)));
}

TEST_F(WorkerTest, SaysWhoItIsAndNothingElseUntilItIsWelcome) {
  make(1);
  run(1, order(1, 1, 0, 3));
  stop(1, 1);
  EXPECT_THAT(told(0), IsEmpty());
  ASSERT_THAT(hellos_, SizeIs(1));
  EXPECT_EQ(hellos_[0].rank, 1);
  EXPECT_EQ(hellos_[0].host, "node");
  EXPECT_THAT(hosts(), IsEmpty());
}

TEST_F(WorkerTest, TrainsFromScratchAndTellsEachStep) {
  begin(1);
  now_s_ += 5;
  run(1, order(1, 1, 0, 3, {{"start", std::int64_t{100}}}));
  EXPECT_THAT(told(6),
              ElementsAre("report #1 t0 s1 = 101", "report #1 t0 s2 = 102", "report #1 t0 s3 = 103",
                          "saved #1 t0 s3 at worker 11", "ended #1 t0 s3", "saved #1 t0 s3 on disk"));
  EXPECT_EQ(the<SegmentEnded>().worker, id_of(1));
  EXPECT_EQ(the<SegmentEnded>().times.wait_s, 5) << "it had nothing to do before";
  const CheckpointRead file = read_checkpoint_file(checkpoints(), {0, 3, segment(1)});
  EXPECT_EQ(file.error, "");
  EXPECT_TRUE(text_of(file.blob) == text_of(counted_to(103)));
}

TEST_F(WorkerTest, GoesOnInPlaceWithoutAnyCopy) {
  begin(1);
  run(1, order(1, 1, 0, 2));
  told(5);
  send(1, MessageType::kDropCheckpoint, DropCheckpoint{kIncarnation, {0, 2, segment(1)}});
  RunSegment more = order(1, 2, 0, 3, {{"start", std::int64_t{100}}});  // read by a new object only
  more.run.report_after = 2;
  run(1, more);
  EXPECT_THAT(told(4), ElementsAre("report #2 t0 s3 = 3", "saved #2 t0 s3 at worker 11", "ended #2 t0 s3",
                                   "saved #2 t0 s3 on disk"));
  EXPECT_THAT(hosts(), SizeIs(1));
}

TEST_F(WorkerTest, GoesOnInPlaceBeyondTheNewestStateThatIsLeft) {
  begin(1);
  run(1, order(1, 1, 0, 3));
  told(6);
  RunSegment more = from(order(1, 2, 0, 4, {{"start", std::int64_t{100}}}), {0, 1, segment(1)}, {-1});
  more.run.report_after = 3;
  run(1, more);
  EXPECT_THAT(told(4), ElementsAre("report #2 t0 s4 = 4", "saved #2 t0 s4 at worker 11", "ended #2 t0 s4",
                                   "saved #2 t0 s4 on disk"));
}

TEST_F(WorkerTest, StepsThatWereReportedBeforeAreTrainedSilently) {
  begin(1);
  RunSegment again = order(1, 1, 0, 3);
  again.run.report_after = 2;
  run(1, again);
  EXPECT_THAT(told(4), ElementsAre("report #1 t0 s3 = 3", "saved #1 t0 s3 at worker 11", "ended #1 t0 s3",
                                   "saved #1 t0 s3 on disk"));
}

TEST_F(WorkerTest, TellsWhenThereIsNothingMoreToTrain) {
  begin(1);
  run(1, order(1, 1, 0, 9, {{"done_at", std::int64_t{2}}}));
  EXPECT_THAT(told(5),
              ElementsAre("report #1 t0 s1 = 1", "report #1 t0 s2 = 2", "saved #1 t0 s2 at worker 11",
                          "ended #1 t0 s2, done", "saved #1 t0 s2 on disk"));
}

TEST_F(WorkerTest, ACloneGoesOnFromTheStateOfAnotherWorker) {
  begin(1);
  begin(2);
  run(1, order(1, 1, 0, 3));
  told(6);
  run(2, from(order(2, 2, 1, 4, {{"start", std::int64_t{100}}}), {0, 3, segment(1)}, {1}));
  EXPECT_THAT(told(4), ElementsAre("report #2 t1 s4 = 4", "saved #2 t1 s4 at worker 12", "ended #2 t1 s4",
                                   "saved #2 t1 s4 on disk"));
  EXPECT_EQ(the<SegmentEnded>().times.transfer_bytes, 8);
  EXPECT_EQ(worker(2).pulled_bytes(), 8);
  EXPECT_EQ(worker(1).pulled_bytes(), 0);
}

TEST_F(WorkerTest, ACloneGoesOnFromTheStateInItsOwnMemory) {
  begin(1);
  run(1, order(1, 1, 0, 3));
  told(6);
  // Nearest first, wherever it stands in the list: neither rank 2, which isn't there, nor the disk is asked.
  std::filesystem::remove_all(checkpoints());
  std::filesystem::create_directories(checkpoints());
  run(1, from(order(1, 2, 1, 4), {0, 3, segment(1)}, {-1, 2, 1}));
  EXPECT_THAT(told(4), ElementsAre("report #2 t1 s4 = 4", "saved #2 t1 s4 at worker 11", "ended #2 t1 s4",
                                   "saved #2 t1 s4 on disk"));
  EXPECT_EQ(the<SegmentEnded>().times.transfer_bytes, 0);
}

TEST_F(WorkerTest, AStateIsReadFromDisk) {
  begin(1);
  const CheckpointId state{
      0, 3, make_segment(kIncarnation - 1, 9)};  // of the incarnation before, as a resume has it
  ASSERT_EQ(write_checkpoint_file(checkpoints(), state, counted_to(30)), "");
  run(1, from(order(1, 1, 0, 4), state, {-1}));
  EXPECT_THAT(told(4), ElementsAre("report #1 t0 s4 = 31", "saved #1 t0 s4 at worker 11", "ended #1 t0 s4",
                                   "saved #1 t0 s4 on disk"));
}

TEST_F(WorkerTest, AStateOfNoBytesReachesTheHost) {
  begin(1);
  const CheckpointId state{0, 3, segment(9)};
  ASSERT_EQ(write_checkpoint_file(checkpoints(), state, Blob::copy({})), "");
  run(1, from(order(1, 1, 0, 4), state, {-1}));
  EXPECT_THAT(told(1), ElementsAre("failed #1 t0 s3"));
  EXPECT_EQ(the<SegmentFailed>().error, "a short checkpoint") << "the helper's own words";
}

TEST_F(WorkerTest, AfterAPlaceThatFailsTheNextIsTried) {
  begin(1);
  begin(2);
  const CheckpointId state{0, 3, segment(9)};
  ASSERT_EQ(write_checkpoint_file(checkpoints(), state, counted_to(3)), "");
  run(1, from(order(1, 1, 0, 4), state, {-1, 2}));
  EXPECT_THAT(told(5),
              ElementsAre("lost #9 t0 s3 at worker 12", "report #1 t0 s4 = 4", "saved #1 t0 s4 at worker 11",
                          "ended #1 t0 s4", "saved #1 t0 s4 on disk"));
}

TEST_F(WorkerTest, WhereNoPlaceHasItEachIsToldLostAndTheSegmentFails) {
  begin(1);
  begin(2);
  run(1, from(order(1, 1, 0, 4), {0, 3, segment(9)}, {-1, 1, 2}));
  turn_until([&] { return told_.size() >= 4; });
  EXPECT_THAT(texts(), ElementsAre("lost #9 t0 s3 at worker 11", "lost #9 t0 s3 at worker 12",
                                   "lost #9 t0 s3 on disk", "failed #1 t0 s3"));
  told(4);
  EXPECT_THAT(the<SegmentFailed>().error, HasSubstr("no copy of the state of trial 0 at step 3"));
  EXPECT_THAT(hosts(), IsEmpty()) << "there was nothing to train";
  run(1, order(1, 2, 0, 1));
  EXPECT_THAT(told(4), testing::Contains("ended #2 t0 s1")) << "the worker is free again";
}

TEST_F(WorkerTest, ADonorThatDoesNotAnswerIsGivenUp) {
  begin(1);
  begin(2);
  asleep_.insert(2);
  run(1, from(order(1, 1, 0, 4), {0, 3, segment(9)}, {2}));
  EXPECT_THAT(told(0), IsEmpty());
  now_s_ += CheckpointPull::kTimeout_s + 1;
  EXPECT_THAT(told(2), ElementsAre("lost #9 t0 s3 at worker 12", "failed #1 t0 s3"));
}

TEST_F(WorkerTest, AHostThatIsKilledFailsItsSegmentAndIsReplaced) {
  begin(1);
  run(1, order(1, 1, 0, 5, {{"kill_at", std::int64_t{2}}}));
  EXPECT_THAT(told(2), ElementsAre("report #1 t0 s1 = 1", "failed #1 t0 s1"));
  EXPECT_THAT(the<SegmentFailed>().error,
              AllOf(HasSubstr("killed by signal 9 (SIGKILL)"), HasSubstr("counted to 2")));
  EXPECT_EQ(the<SegmentFailed>().worker, id_of(1));
  run(1, order(1, 2, 0, 1));
  EXPECT_THAT(told(4), ElementsAre("report #2 t0 s1 = 1", "saved #2 t0 s1 at worker 11", "ended #2 t0 s1",
                                   "saved #2 t0 s1 on disk"));
}

TEST_F(WorkerTest, WhatRaisesFailsTheSegmentAndIsBegunAnewInTheSameHost) {
  begin(1);
  run(1, order(1, 1, 0, 5, {{"fail_at", std::int64_t{2}}}));
  EXPECT_THAT(told(2), ElementsAre("report #1 t0 s1 = 1", "failed #1 t0 s1"));
  EXPECT_EQ(the<SegmentFailed>().error, "told to fail");
  const auto before = hosts();
  RunSegment again = order(1, 2, 0, 2);
  again.run.report_after = 1;
  run(1, again);
  EXPECT_THAT(told(4), ElementsAre("report #2 t0 s2 = 2", "saved #2 t0 s2 at worker 11", "ended #2 t0 s2",
                                   "saved #2 t0 s2 on disk"));
  EXPECT_EQ(hosts(), before);
}

TEST_F(WorkerTest, WhatFailedInPlaceIsNotGoneOnWithInPlace) {
  begin(1);
  run(1, order(1, 1, 0, 2, {{"fail_at", std::int64_t{3}}}));
  told(5);
  RunSegment more = order(1, 2, 0, 4);
  more.run.report_after = 2;
  run(1, more);
  EXPECT_THAT(told(1), ElementsAre("failed #2 t0 s2"));
  run(1, from(order(1, 3, 0, 3), {0, 2, segment(1)}, {1}));
  EXPECT_THAT(told(4), ElementsAre("report #3 t0 s3 = 3", "saved #3 t0 s3 at worker 11", "ended #3 t0 s3",
                                   "saved #3 t0 s3 on disk"));
}

TEST_F(WorkerTest, AHostThatHangsIsKilledAtTheLimit) {
  segment_timeout_s_ = 60;
  begin(1);
  run(1, order(1, 1, 0, 5, {{"hang_at", std::int64_t{2}}}));
  turn_until([&] { return told_.size() == 1; });
  const auto hanging = hosts();
  ASSERT_THAT(hanging, SizeIs(1));
  now_s_ += 60;
  EXPECT_THAT(told(0), ElementsAre("report #1 t0 s1 = 1")) << "not yet";
  now_s_ += 1;
  EXPECT_THAT(told(1), ElementsAre("failed #1 t0 s1"));
  EXPECT_THAT(the<SegmentFailed>().error, AllOf(HasSubstr("timeouts.segment"), HasSubstr("counted to 2")));
  EXPECT_EQ(the<SegmentFailed>().times.failed_s, 61);
  EXPECT_TRUE(dies(*hanging.begin()));
  run(1, order(1, 2, 0, 1));
  EXPECT_THAT(told(4), testing::Contains("ended #2 t0 s1"));
}

TEST_F(WorkerTest, AHostThatDiesWithoutASegmentIsNoTrialsFailure) {
  begin(1);
  begin(2);
  run(2, order(2, 1, 0, 3));
  told(6);
  const auto of_other = hosts();
  run(1, order(1, 2, 1, 1));
  told(4);
  asleep_.insert(2);
  run(1, from(order(1, 3, 2, 4), {0, 3, segment(1)}, {2}));
  turn();
  for (const pid_t pid : hosts()) {
    if (!of_other.contains(pid)) ::kill(pid, SIGKILL);
  }
  turn_until([&] { return worker(1).fds().size() == 1; });  // the store's alone is left
  asleep_.clear();
  EXPECT_THAT(told(4), ElementsAre("report #3 t2 s4 = 4", "saved #3 t2 s4 at worker 11", "ended #3 t2 s4",
                                   "saved #3 t2 s4 on disk"));
}

TEST_F(WorkerTest, AStopBeforeTrainingBeganEndsWhereItStood) {
  begin(1);
  run(1, order(1, 1, 0, 5));
  stop(1, 1);
  EXPECT_THAT(told(1), ElementsAre("ended #1 t0 s0"));
  // The host that was started for it serves the next.
  run(1, order(1, 2, 1, 1));
  EXPECT_THAT(told(4), ElementsAre("report #2 t1 s1 = 1", "saved #2 t1 s1 at worker 11", "ended #2 t1 s1",
                                   "saved #2 t1 s1 on disk"));
  EXPECT_THAT(hosts(), SizeIs(1));
}

TEST_F(WorkerTest, AStopWhileAStateIsOnItsWayForgetsThePull) {
  begin(1);
  begin(2);
  run(2, order(2, 1, 0, 3));
  told(6);
  asleep_.insert(2);
  run(1, from(order(1, 2, 1, 9), {0, 3, segment(1)}, {2}));
  turn();
  stop(1, 2);
  EXPECT_THAT(told(1), ElementsAre("ended #2 t1 s3"));
  asleep_.clear();
  EXPECT_THAT(told(0), IsEmpty()) << "the chunk comes too late for anything";
  EXPECT_EQ(worker(1).pulled_bytes(), 0);
  run(1, from(order(1, 3, 1, 4), {0, 3, segment(1)}, {2}));
  EXPECT_THAT(told(4), ElementsAre("report #3 t1 s4 = 4", "saved #3 t1 s4 at worker 11", "ended #3 t1 s4",
                                   "saved #3 t1 s4 on disk"));
}

TEST_F(WorkerTest, AStopInTrainingEndsWithAStateAfterTheStepUnderWay) {
  begin(1);
  run(1, order(1, 1, 0, 1'000'000'000));
  turn_until([&] { return !told_.empty(); });
  stop(1, 7);  // of another segment: nothing to it
  stop(1, 1);
  turn_until([&] {
    return std::holds_alternative<SegmentEnded>(told_.back()) ||
           (told_.size() > 1 && std::holds_alternative<SegmentEnded>(told_[told_.size() - 2]));
  });
  told(told_.size());
  const Step at = the<SegmentEnded>().step;
  EXPECT_FALSE(the<SegmentEnded>().done);
  EXPECT_EQ(std::get<Reported>(last_[static_cast<std::size_t>(at) - 1]).step, at)
      << "every step was reported";
  const CheckpointId state{0, at, segment(1)};
  EXPECT_EQ(std::get<Saved>(last_[static_cast<std::size_t>(at)]).checkpoint, state);
}

TEST_F(WorkerTest, ADroppedStateIsGoneEverywhere) {
  begin(1);
  run(1, order(1, 1, 0, 1));
  told(4);
  const CheckpointId state{0, 1, segment(1)};
  const auto ask = [&] {
    chunks_.clear();
    send(1, MessageType::kPull, Pull{kIncarnation, 5, state, 0, 100});
    turn_until([&] { return !chunks_.empty(); });
    return chunks_.at(0).total_bytes;
  };
  EXPECT_EQ(ask(), 8);
  EXPECT_TRUE(std::filesystem::exists(checkpoints() / checkpoint_file_name(state)));
  send(1, MessageType::kDropCheckpoint, DropCheckpoint{kIncarnation, state});
  EXPECT_EQ(ask(), -1);
  turn_until([&] { return std::filesystem::is_empty(checkpoints()); });
  EXPECT_THAT(told(0), IsEmpty());
}

TEST_F(WorkerTest, AStateThatMemoryHasNoRoomForIsToldLostOnceItIsOnDisk) {
  begin(1, 0);
  run(1, order(1, 1, 0, 1));
  turn_until([&] { return told_.size() >= 5; });
  EXPECT_THAT(texts(), ElementsAre("report #1 t0 s1 = 1", "saved #1 t0 s1 at worker 11", testing::_,
                                   testing::_, testing::_));
  const auto all = texts();
  const auto at = [&](const char* what) { return std::find(all.begin(), all.end(), what) - all.begin(); };
  EXPECT_LT(at("saved #1 t0 s1 on disk"), at("lost #1 t0 s1 at worker 11"));
  EXPECT_LT(at("lost #1 t0 s1 at worker 11"), 5);
  EXPECT_LT(at("ended #1 t0 s1"), 5);
}

TEST_F(WorkerTest, WhatAnotherIncarnationSaysIsDropped) {
  begin(1);
  run(1, order(1, 1, 0, 1));
  told(4);
  const CheckpointId state{0, 1, segment(1)};
  RunSegment old = order(1, 2, 0, 2);
  for (const std::int32_t other : {kIncarnation - 1, kIncarnation + 1}) {
    old.incarnation = other;
    run(1, old);
    send(1, MessageType::kStopSegment, StopSegment{other, segment(1)});
    send(1, MessageType::kDropCheckpoint, DropCheckpoint{other, state});
    send(1, MessageType::kPull, Pull{other, 5, state, 0, 100});
  }
  welcome(1);  // a second one changes nothing
  Welcome other;
  other.incarnation = kIncarnation + 1;
  other.worker = 99;
  send(1, MessageType::kWelcome, other);
  network_.endpoint(0).send(1, static_cast<std::uint32_t>(MessageType::kRunSegment), {std::byte{1}});
  network_.endpoint(0).send(1, 999, {});
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_THAT(chunks_, IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(checkpoints() / checkpoint_file_name(state)));
  run(1, order(1, 3, 1, 1));
  EXPECT_THAT(told(4), testing::Contains("saved #3 t1 s1 at worker 11"));
}

TEST_F(WorkerTest, AChunkOfAnotherIncarnationIsDroppedToo) {
  begin(1);
  run(1, from(order(1, 1, 0, 4), {0, 3, segment(9)}, {2}));  // the test is the donor
  turn();
  const auto request = network_.endpoint(2).receive();
  ASSERT_TRUE(request);
  const Blob blob = counted_to(3);
  Chunk chunk = answer_pull(from_bytes<Pull>(request->body).value(), &blob);
  const auto answer = [&] {
    network_.endpoint(2).send(1, static_cast<std::uint32_t>(MessageType::kChunk), to_bytes(chunk));
  };
  chunk.incarnation = kIncarnation - 1;
  answer();
  EXPECT_THAT(told(0), IsEmpty());
  chunk.incarnation = kIncarnation;
  answer();
  EXPECT_THAT(told(4), testing::Contains("report #1 t0 s4 = 4"));
}

TEST_F(WorkerTest, TheEndWaitsForWhatIsBeingWritten) {
  HeldWrite held(checkpoints(), {0, 1, segment(1)});
  begin(1);
  run(1, order(1, 1, 0, 1));
  EXPECT_THAT(told(3), ElementsAre("report #1 t0 s1 = 1", "saved #1 t0 s1 at worker 11", "ended #1 t0 s1"));
  send(1, MessageType::kShutdown, Shutdown{75});
  turn_until([&] { return hosts().empty(); });
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_THAT(goodbyes_, IsEmpty());
  EXPECT_FALSE(worker(1).exit_status());
  held.release();
  turn_until([&] { return worker(1).exit_status().has_value(); });
  EXPECT_EQ(worker(1).exit_status(), 75);
  EXPECT_THAT(told(0), IsEmpty()) << "that write failed";
  ASSERT_THAT(goodbyes_, SizeIs(1)) << "once";
  EXPECT_EQ(goodbyes_[0].second.incarnation, kIncarnation);
}

TEST_F(WorkerTest, TheLastCopyOnDiskIsToldBeforeTheGoodbye) {
  begin(1);
  run(1, order(1, 1, 0, 1));
  turn_until([&] {
    return std::any_of(told_.begin(), told_.end(),
                       [](const Event& event) { return std::holds_alternative<SegmentEnded>(event); });
  });
  send(1, MessageType::kShutdown, Shutdown{0});
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_THAT(texts(), testing::Contains("saved #1 t0 s1 on disk"));
  EXPECT_EQ(worker(1).exit_status(), 0);
}

TEST_F(WorkerTest, SaysThatItLivesWhenItHasNothingElseToSay) {
  make(1);
  turn();
  now_s_ += 5;
  turn();
  EXPECT_EQ(beats_, 0) << "not before it is known";
  welcome(1);
  turn();
  run(1, order(1, 1, 0, 5, {{"hang_at", std::int64_t{2}}}));
  told(1);
  beats_ = 0;
  for (int i = 0; i < 20; ++i) {
    now_s_ += 0.5;
    turn();
  }
  EXPECT_EQ(beats_, 10) << "in the middle of a step, too; one a second";
  EXPECT_THAT(hosts(), SizeIs(1));
}

TEST_F(WorkerTest, EndsWhenTheCoordinatorIsGone) {
  begin(1);
  run(1, order(1, 1, 0, 5, {{"hang_at", std::int64_t{2}}}));
  told(1);
  for (int i = 0; i < 119; ++i) {
    now_s_ += 1;
    turn();
  }
  send(1, MessageType::kCoordinatorAlive, Alive{kIncarnation});
  for (int i = 0; i < 119; ++i) {
    now_s_ += 1;
    turn();
  }
  now_s_ += 1e6;  // it was suspended
  turn();
  EXPECT_FALSE(worker(1).exit_status());
  EXPECT_FALSE(worker(1).orphaned());
  now_s_ += 2;
  turn();
  now_s_ += 2;
  turn();
  EXPECT_TRUE(worker(1).orphaned());
  EXPECT_EQ(worker(1).exit_status(), 1);
  EXPECT_THAT(goodbyes_, IsEmpty());
  turn_until([&] { return hosts().empty(); });
}

TEST_F(WorkerTest, ACoordinatorThatNeverWelcomesIsNotWaitedForForEver) {
  make(1);
  worker(1).start(now_s_, 10);
  turn();
  for (int i = 0; i < 10; ++i) {
    now_s_ += 1;
    turn();
  }
  EXPECT_FALSE(worker(1).orphaned());
  now_s_ += 1;
  turn();
  EXPECT_TRUE(worker(1).orphaned());
}

TEST_F(WorkerTest, ADismissedWorkerBeginsAnewAndOffersWhatItHas) {
  begin(1);
  run(1, order(1, 1, 0, 2));
  told(5);
  run(1, order(1, 2, 1, 5, {{"hang_at", std::int64_t{2}}}));
  turn_until([&] { return told_.size() == 1; });
  told_.clear();
  hellos_.clear();
  send(1, MessageType::kDismissed, Dismissed{kIncarnation - 1});
  turn();
  EXPECT_THAT(hellos_, IsEmpty()) << "an older incarnation says nothing here";
  send(1, MessageType::kDismissed, Dismissed{kIncarnation});
  send(1, MessageType::kDismissed, Dismissed{kIncarnation});  // each of its words was answered
  run(1, order(1, 3, 1, 5));                                  // was on its way
  turn_until([&] { return !hellos_.empty(); });
  turn_until([&] { return hosts().empty(); });
  EXPECT_THAT(told(0), IsEmpty()) << "nothing about the segment that another has now";
  EXPECT_THAT(hellos_, SizeIs(1)) << "once";
  welcome(1);
  EXPECT_THAT(told(1), ElementsAre("saved #1 t0 s2 at worker 11"));
  run(1, from(order(1, 4, 0, 3), {0, 2, segment(1)}, {1}));
  EXPECT_THAT(told(4), ElementsAre("report #4 t0 s3 = 3", "saved #4 t0 s3 at worker 11", "ended #4 t0 s3",
                                   "saved #4 t0 s3 on disk"));
}

TEST_F(WorkerTest, AStateIsNotWaitedForWhenItsRankIsLost) {
  begin(1);
  begin(2);
  asleep_.insert(2);
  const CheckpointId state{0, 3, segment(9)};
  ASSERT_EQ(write_checkpoint_file(checkpoints(), state, counted_to(3)), "");
  run(1, from(order(1, 1, 0, 4), state, {2, -1}));
  EXPECT_THAT(told(0), IsEmpty());
  send(1, MessageType::kRankLost, RankLost{kIncarnation, 2});
  EXPECT_THAT(told(5),
              ElementsAre("lost #9 t0 s3 at worker 12", "report #1 t0 s4 = 4", "saved #1 t0 s4 at worker 11",
                          "ended #1 t0 s4", "saved #1 t0 s4 on disk"));
}

TEST_F(WorkerTest, LeavesWithoutAWordAboutItsSegmentAndThenWaitsForTheEnd) {
  HeldWrite held(checkpoints(), {0, 1, segment(1)});
  begin(1);
  run(1, order(1, 1, 0, 1));
  told(3);
  run(1, order(1, 2, 1, 5, {{"hang_at", std::int64_t{2}}}));
  turn_until([&] { return told_.size() == 1; });
  told_.clear();
  worker(1).leave("enough", now_s_);
  worker(1).leave("again", now_s_);
  turn_until([&] { return hosts().empty(); });
  run(1, order(1, 3, 1, 5));  // was on its way
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_THAT(goodbyes_, IsEmpty()) << "something is being written";
  held.release();
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_EQ(goodbyes_[0].second.incarnation, kIncarnation);
  EXPECT_EQ(goodbyes_[0].second.reason, "enough");
  EXPECT_FALSE(worker(1).exit_status());
  send(1, MessageType::kShutdown, Shutdown{75});
  turn_until([&] { return worker(1).exit_status().has_value(); });
  EXPECT_EQ(worker(1).exit_status(), 75);
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_THAT(goodbyes_, SizeIs(1)) << "once";
  EXPECT_THAT(hosts(), IsEmpty());
}

TEST_F(WorkerTest, ADiskThatHangsDoesNotHoldBackAGoodbyeForEver) {
  HeldWrite first(checkpoints(), {0, 1, segment(1)});
  HeldWrite second(checkpoints(), {0, 1, make_segment(kIncarnation, 2)});
  for (const int rank : {1, 2}) {
    begin(rank);
    run(rank, order(rank, rank, 0, 1));
    told(3);
  }
  worker(1).leave("enough", now_s_);
  send(2, MessageType::kShutdown, Shutdown{0});
  told(0);
  now_s_ += 29;
  told(0);
  EXPECT_THAT(goodbyes_, IsEmpty());
  now_s_ += 2;
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_EQ(goodbyes_[0].first, 1);
  now_s_ += 70;
  turn_until([&] { return worker(2).exit_status().has_value(); });
  EXPECT_EQ(goodbyes_.back().first, 2);
  first.release();
  second.release();
  workers_.clear();  // their threads write to the pipes
}

TEST_F(WorkerTest, AtTheEndAHostMayDoWhatItDoesAtItsExit) {
  begin(1);
  const auto file = folder_ / "farewell";
  run(1, order(1, 1, 0, 1, {{"farewell", file.string()}}));
  told(4);
  send(1, MessageType::kShutdown, Shutdown{0});
  turn_until([&] { return worker(1).exit_status().has_value(); });
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_THAT(hosts(), IsEmpty());
  EXPECT_THAT(told(0), IsEmpty()) << "an exit that was asked for is no failure";
}

TEST_F(WorkerTest, AHostThatDoesNotExitIsKilledAfterAWhile) {
  begin(1);
  run(1, order(1, 1, 0, 1, {{"farewell", std::string("never")}}));
  told(4);
  send(1, MessageType::kShutdown, Shutdown{0});
  now_s_ += 1;
  for (int i = 0; i < 5; ++i) turn(10);
  EXPECT_THAT(hosts(), SizeIs(1));
  EXPECT_THAT(goodbyes_, IsEmpty());
  now_s_ += 10;
  turn_until([&] { return worker(1).exit_status().has_value(); });
  turn_until([&] { return hosts().empty(); });
}

TEST_F(WorkerTest, LeavesWhereNoHostCanBeStartedAnyMore) {
  begin(1);
  run(1, order(1, 1, 0, 5, {{"hang_at", std::int64_t{2}}}));
  turn_until([&] { return told_.size() == 1; });
  const auto hanging = hosts();
  ::kill(spawner_.pid(), SIGKILL);
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_EQ(goodbyes_[0].second.reason, "the process that starts trial hosts is gone");
  EXPECT_THAT(told(1), ElementsAre("report #1 t0 s1 = 1")) << "its segment is no failure";
  for (const pid_t pid : hanging) EXPECT_TRUE(dies(pid));
}

TEST_F(WorkerTest, ASegmentWaitsForRoomWhereNoCheckpointCanBeWritten) {
  HeldWrite held(checkpoints(), {0, 1, segment(1)});
  begin(1, 0);
  run(1, order(1, 1, 0, 1));
  EXPECT_THAT(told(3), ElementsAre("report #1 t0 s1 = 1", "saved #1 t0 s1 at worker 11", "ended #1 t0 s1"));
  run(1, order(1, 2, 1, 1));
  EXPECT_THAT(told(0), IsEmpty());
  stop(1, 2);
  EXPECT_THAT(told(1), ElementsAre("ended #2 t1 s0")) << "it can be stopped as ever";
  run(1, order(1, 3, 2, 1));
  EXPECT_THAT(told(0), IsEmpty());
  held.release();
  turn_until([&] {
    return std::any_of(told_.begin(), told_.end(),
                       [](const Event& event) { return std::holds_alternative<SegmentEnded>(event); });
  });
  EXPECT_THAT(texts(), testing::IsSupersetOf({"saved #1 t0 s1 on disk", "lost #1 t0 s1 at worker 11",
                                              "report #3 t2 s1 = 1", "ended #3 t2 s1"}));
}

TEST_F(WorkerTest, TheLogSaysWhichTrialPrintedWhat) {
  begin(1);
  run(1, order(1, 1, 0, 2));
  told(5);
  run(1, order(1, 2, 3, 1, {{"fail_at", std::int64_t{1}}}));
  told(1);
  std::ifstream file(folder_ / "logs" / "worker-1.log");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(),
              HasSubstr("=== coppice: trial 0, segment 4.1, steps 1 to 2\ncounted to 1\ncounted to 2\n"
                        "=== coppice: trial 3, segment 4.2, steps 1 to 1\ncounted to 1\n"));
}

TEST_F(WorkerTest, MayBeShutDownInsteadOfWelcomed) {
  make(1);
  send(1, MessageType::kShutdown, Shutdown{75});
  turn_until([&] { return worker(1).exit_status().has_value(); });
  EXPECT_EQ(worker(1).exit_status(), 75);
  ASSERT_THAT(goodbyes_, SizeIs(1));
  EXPECT_EQ(goodbyes_[0].second.incarnation, 0);
  EXPECT_THAT(told(0), IsEmpty());
}

TEST_F(WorkerTest, AnEndInTheMiddleOfASegmentDoesNotWaitForIt) {
  begin(1);
  run(1, order(1, 1, 0, 5, {{"hang_at", std::int64_t{2}}}));
  turn_until([&] { return told_.size() == 1; });
  send(1, MessageType::kShutdown, Shutdown{1});
  turn_until([&] { return worker(1).exit_status().has_value(); });
  EXPECT_EQ(worker(1).exit_status(), 1);
  const auto left = hosts();
  workers_.clear();
  for (const pid_t pid : left) EXPECT_TRUE(dies(pid)) << "nothing is left behind";
}

}  // namespace
}  // namespace coppice
