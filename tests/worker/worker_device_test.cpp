// A worker and its device: it is tried when a host fails, and must have memory free before one starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "worker_fixture.hpp"

namespace coppice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WorkerDeviceTest : public WorkerTest {
 protected:
  void begin_on_device(std::vector<std::string> probe_command) {
    WorkerPlace place;
    place.host = "node";
    place.memory_limit_bytes = 1 << 30;
    place.device_uuid = "GPU-a";
    place.environment = {{"CUDA_VISIBLE_DEVICES", "7"}};
    place.probe_command = std::move(probe_command);
    place.gpu_memory_bytes = wanted_bytes_;
    if (wanted_bytes_ > 0) {
      place.read_devices = [this] {
        ++readings_;
        return std::vector<DeviceReading>{{"GPU-a", free_bytes_, 80'000, {}}};
      };
    }
    workers_[1] = std::make_unique<Worker>(network_.endpoint(1), spawner_, place);
    worker(1).start(now_s_);
    welcome(1);
  }
  /// A shell's line that also counts how often it was run.
  std::vector<std::string> probe(const std::string& line) const {
    return {"/bin/sh", "-c", "echo once >> " + (folder_ / "probes").string() + "; " + line};
  }
  int probes() const {
    std::ifstream file(folder_ / "probes");
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }
  RunSegment failing(int count, const char* how) {
    return order(1, count, count, 3, {{how, std::int64_t{1}}});
  }

  std::int64_t wanted_bytes_ = 0;
  std::int64_t free_bytes_ = 0;
  int readings_ = 0;
};

TEST_F(WorkerDeviceTest, LeavesWithADeviceThatFailed) {
  begin_on_device(probe("echo \"broken $CUDA_VISIBLE_DEVICES\"; exit 3"));
  run(1, failing(1, "exit_at"));
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_EQ(goodbyes_[0].second.reason, "its device GPU-a failed: broken 7");
  EXPECT_THAT(told(0), IsEmpty()) << "the failure is not the trial's";
  EXPECT_EQ(probes(), 1);
  EXPECT_THAT(hosts(), IsEmpty());
}

TEST_F(WorkerDeviceTest, AnExceptionMayBeTheDevicesToo) {
  begin_on_device(probe("echo broken; exit 3"));
  run(1, failing(1, "fail_at"));
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_THAT(told(0), IsEmpty());
}

TEST_F(WorkerDeviceTest, StaysWithADeviceThatWorksAndTriesItRarely) {
  begin_on_device(probe("exit 0"));
  run(1, failing(1, "exit_at"));
  EXPECT_THAT(told(1), ElementsAre("failed #1 t1 s0"));
  EXPECT_THAT(the<SegmentFailed>().error, HasSubstr("exit status 3"));
  run(1, failing(2, "fail_at"));
  EXPECT_THAT(told(1), ElementsAre("failed #2 t2 s0"));
  turn_until([&] { return hosts().empty(); });  // the next one begins in a fresh process
  EXPECT_EQ(probes(), 1);
  now_s_ += 61;
  run(1, failing(3, "exit_at"));
  EXPECT_THAT(told(1), ElementsAre("failed #3 t3 s0"));
  EXPECT_EQ(probes(), 2);
  EXPECT_THAT(goodbyes_, IsEmpty());
}

TEST_F(WorkerDeviceTest, ADeviceThatGivesNoAnswerFailed) {
  begin_on_device(probe("sleep 1000"));
  run(1, failing(1, "exit_at"));
  turn_until([&] { return probes() == 1; });
  stop(1, 1);  // its answer is the probe's
  now_s_ += 29;
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_THAT(goodbyes_, IsEmpty());
  const auto probing = hosts();
  ASSERT_THAT(probing, SizeIs(1));
  now_s_ += 2;
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_EQ(goodbyes_[0].second.reason, "its device GPU-a failed: it gave no answer within 30 s");
  EXPECT_TRUE(dies(*probing.begin()));
}

TEST_F(WorkerDeviceTest, AProbeThatCannotStartSaysNothing) {
  begin_on_device({"/nowhere/probe"});
  run(1, failing(1, "exit_at"));
  EXPECT_THAT(told(1), ElementsAre("failed #1 t1 s0"));
}

TEST_F(WorkerDeviceTest, AProbeThatCrashesSpeaksForItself) {
  begin_on_device(probe("kill -SEGV $$"));
  run(1, failing(1, "exit_at"));
  turn_until([&] { return !goodbyes_.empty(); });
  EXPECT_THAT(goodbyes_[0].second.reason, HasSubstr("SIGSEGV"));
}

TEST_F(WorkerDeviceTest, AHostStartsOnceThereIsMemory) {
  wanted_bytes_ = 10'000;
  free_bytes_ = 9'000;
  begin_on_device({});
  run(1, order(1, 1, 0, 1));
  turn_until([&] { return readings_ == 1; });
  told(0);
  EXPECT_EQ(readings_, 1) << "not asked again before its time";
  EXPECT_THAT(hosts(), IsEmpty());
  free_bytes_ = 10'000;
  now_s_ += 1;
  EXPECT_THAT(told(4), SizeIs(4)) << "a report, a state, its end, and the state on disk";
  EXPECT_GE(the<SegmentEnded>().times.startup_s, 1.0);
  // It goes on with the host that it has, whatever is free now.
  free_bytes_ = 0;
  run(1, order(1, 2, 1, 1));
  EXPECT_THAT(told(4), SizeIs(4));
  EXPECT_EQ(readings_, 2);
}

TEST_F(WorkerDeviceTest, WithoutMemoryTheSegmentFailsInTheEnd) {
  wanted_bytes_ = 10'000;
  begin_on_device({});
  run(1, order(1, 1, 0, 1));
  turn_until([&] { return readings_ == 1; });
  for (int i = 0; i < 7; ++i) {
    now_s_ += 8;
    told(0);
  }
  EXPECT_THAT(told_, IsEmpty());
  now_s_ += 8;
  EXPECT_THAT(told(1), ElementsAre("failed #1 t0 s0"));
  EXPECT_THAT(the<SegmentFailed>().error, HasSubstr("device GPU-a has 0 GB"));
}

TEST_F(WorkerDeviceTest, AStopWhileItWaitsForMemoryEndsWhereItStood) {
  wanted_bytes_ = 10'000;
  begin_on_device({});
  run(1, order(1, 1, 0, 1));
  turn_until([&] { return readings_ == 1; });
  stop(1, 1);
  EXPECT_THAT(told(1), ElementsAre("ended #1 t0 s0"));
  now_s_ += 100;
  told(0);
  EXPECT_EQ(readings_, 1);
}

}  // namespace
}  // namespace coppice
