// How the driver is asked, and how its answer and CUDA_VISIBLE_DEVICES go together.
#include <gtest/gtest.h>

#include "cluster/devices.hpp"
#include "with_environment.hpp"

extern "C" int cuInit(unsigned);

namespace coppice::test {
namespace {

std::vector<Device> devices_with(const std::map<std::string, std::string>& environment) {
  const WithEnvironment with({"CUDA_VISIBLE_DEVICES", "FAKE_CUDA_DEVICES", "FAKE_CUDA_BROKEN"}, environment);
  return visible_devices();
}

TEST(CudaDriver, IsTheStandIn) {
  EXPECT_EQ(cuInit(1), 100) << "or else these tests see the real one";
}

TEST(CudaDriver, AnErrorIsNoDevice) {
  EXPECT_TRUE(devices_with({}).empty());
  // The driver's word counts, where there is one: this grant names no device of this machine.
  EXPECT_TRUE(devices_with({{"CUDA_VISIBLE_DEVICES", "0,1"}}).empty());
  EXPECT_TRUE(devices_with({{"FAKE_CUDA_DEVICES", "2"}, {"FAKE_CUDA_BROKEN", "1"}}).empty());
}

TEST(CudaDriver, TellsNameAndIdentity) {
  const auto devices = devices_with({{"FAKE_CUDA_DEVICES", "2"}});
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0], (Device{0, "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae00", "Fake GPU 1G", "0"}));
  EXPECT_EQ(devices[1], (Device{1, "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae01", "Fake GPU 1G", "1"}));
}

TEST(CudaDriver, AChildNeedsTheNamesThatWeWereGiven) {
  const auto devices = devices_with({{"FAKE_CUDA_DEVICES", "2"}, {"CUDA_VISIBLE_DEVICES", "3,MIG-77"}});
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].visible_as, "3");
  EXPECT_EQ(devices[0].key(), "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae00");
  EXPECT_EQ(devices[1].visible_as, "MIG-77");
  EXPECT_EQ(devices[1].key(), "MIG-77");
}

}  // namespace
}  // namespace coppice::test
