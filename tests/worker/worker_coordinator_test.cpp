// A worker and its coordinator: welcomed or not, alive or gone, dismissed, and of another incarnation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint_support.hpp"
#include "worker_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace coppice
