// What a worker is ordered to train, and all that it then tells: nothing more. The helper counts: its metric
// is where it began plus the steps it has trained, so it shows which state was gone on from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "checkpoint_support.hpp"
#include "worker/checkpoint_file.hpp"
#include "worker_fixture.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

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

}  // namespace
}  // namespace coppice
