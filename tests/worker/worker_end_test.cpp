// The end of a worker: what it still waits for, and that it leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint_support.hpp"
#include "worker_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

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
