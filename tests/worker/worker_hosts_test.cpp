// Hosts that die, raise, hang, or can't be started any more: whose failure that is, and what comes after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "worker_fixture.hpp"

namespace coppice {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

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

}  // namespace
}  // namespace coppice
