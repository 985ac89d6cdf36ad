// Where a worker gets the state from that it goes on with, and what becomes of those that it has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint_support.hpp"
#include "worker/checkpoint_file.hpp"
#include "worker_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

}  // namespace
}  // namespace coppice
