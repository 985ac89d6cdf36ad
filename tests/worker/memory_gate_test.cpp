#include "worker/memory_gate.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

using Answer = MemoryGate::Answer;
constexpr std::int64_t kGB = 1'000'000'000;

std::vector<DeviceReading> with_free(std::int64_t free_gb, std::vector<int> pids = {}) {
  return {{"GPU-a", free_gb * kGB, 80 * kGB, std::move(pids)}};
}

TEST(MemoryGate, OpensWhereThereIsEnough) {
  EXPECT_EQ(MemoryGate(10 * kGB, 5).ask(with_free(10), 5), Answer::kGo);
  EXPECT_EQ(MemoryGate(0, 5).ask(with_free(0), 5), Answer::kGo) << "nothing is asked for";
  EXPECT_EQ(MemoryGate(10 * kGB, 5).ask({}, 5), Answer::kGo) << "nothing can be read";
}

TEST(MemoryGate, AsksEverMoreRarely) {
  MemoryGate gate(10 * kGB, 100);
  double now_s = 100;
  std::vector<double> delays;
  while (gate.ask(with_free(9), now_s) == Answer::kWait) {
    delays.push_back(gate.next_s() - now_s);
    now_s = gate.next_s();
    ASSERT_LT(delays.size(), 100u);
  }
  ASSERT_GE(delays.size(), 6u);
  EXPECT_EQ((std::vector<double>(delays.begin(), delays.begin() + 6)),
            (std::vector<double>{0.5, 1, 2, 4, 8, 8}));
  EXPECT_EQ(now_s, 100 + MemoryGate::kLimit_s) << "the last time at the limit";
  EXPECT_EQ(gate.ask(with_free(11), now_s), Answer::kGo);
}

TEST(MemoryGate, RefusesWithTheDeviceAndWhoIsOnIt) {
  MemoryGate gate(10 * kGB, 0);
  EXPECT_EQ(gate.ask(with_free(2, {4711, 4712}), 0), Answer::kWait);
  EXPECT_EQ(gate.ask(with_free(2, {4711, 4712}), 60), Answer::kRefuse);
  EXPECT_EQ(
      gate.text(),
      "device GPU-a has 2 GB of 80 GB free (processes 4711, 4712 are on it) after 60 s, and 10 GB are asked "
      "for (resources.gpu_memory)");
}

TEST(MemoryGate, TheScarcestDeviceCounts) {
  auto readings = with_free(50);
  readings.push_back({"GPU-b", 1 * kGB, 80 * kGB, {}});
  EXPECT_EQ(MemoryGate(10 * kGB, 0).ask(readings, 0), Answer::kWait);
}

TEST(CrowdedText, NamesADeviceWithNextToNothingFree) {
  EXPECT_EQ(crowded_text(with_free(60)), "");
  EXPECT_EQ(crowded_text({}), "");
  EXPECT_EQ(crowded_text(with_free(3, {4711})),
            "device GPU-a has 3 GB of 80 GB free (process 4711 is on it): somebody else seems to use it "
            "(resources.gpu_memory makes trials wait)");
}

}  // namespace
}  // namespace coppice
