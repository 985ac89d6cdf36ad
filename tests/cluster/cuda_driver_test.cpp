// How the driver is asked, how its answer and CUDA_VISIBLE_DEVICES go together, and how devices are tried.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "cluster/cuda_driver.hpp"
#include "cluster/devices.hpp"
#include "with_environment.hpp"

extern "C" int cuInit(unsigned);

namespace coppice::test {
namespace {

const std::vector<std::string> kKnown{
    "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
    "FAKE_CUDA_DEVICES",    "FAKE_CUDA_BROKEN",     "FAKE_MIG_SLICES",     "FAKE_CUDA_BROKEN_DEVICES"};
const std::string kUuid = "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae0";

std::vector<Device> devices_with(const std::map<std::string, std::string>& environment) {
  const WithEnvironment with(kKnown, environment);
  return visible_devices();
}

std::vector<std::string> identities(const std::vector<Device>& devices) {
  std::vector<std::string> result;
  for (const Device& device : devices) result.push_back(device.uuid + " as " + device.visible_as);
  return result;
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

TEST(CudaDriver, ADriverThatFindsNothingLeavesOtherMakersGrantsInForce) {
  EXPECT_EQ(identities(devices_with({{"ROCR_VISIBLE_DEVICES", "4,5"}})),
            (std::vector<std::string>{" as 4", " as 5"}));
}

TEST(CudaDriver, TellsNameAndIdentity) {
  const auto devices = devices_with({{"FAKE_CUDA_DEVICES", "2"}});
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0], (Device{0, kUuid + "0", "Fake GPU 1G", "0"}));
  EXPECT_EQ(devices[1], (Device{1, kUuid + "1", "Fake GPU 1G", "1"}));
}

TEST(CudaDriver, AChildNeedsTheNamesThatWeWereGiven) {
  EXPECT_EQ(identities(devices_with({{"FAKE_CUDA_DEVICES", "4"}, {"CUDA_VISIBLE_DEVICES", "3,1"}})),
            (std::vector<std::string>{kUuid + "3 as 3", kUuid + "1 as 1"}));
}

TEST(CudaDriver, EachSliceInAGrantIsADevice) {
  // CUDA itself shows the first one only.
  const auto devices = devices_with({{"FAKE_CUDA_DEVICES", "1"},
                                     {"FAKE_MIG_SLICES", "3"},
                                     {"CUDA_VISIBLE_DEVICES", "MIG-b0b1b2b3-01,MIG-b0b1b2b3-02"}});
  EXPECT_EQ(identities(devices), (std::vector<std::string>{"MIG-b0b1b2b3-01 as MIG-b0b1b2b3-01",
                                                           "MIG-b0b1b2b3-02 as MIG-b0b1b2b3-02"}));
  EXPECT_EQ(devices[0].name, "Fake GPU 1G MIG 1g.10gb");
}

TEST(CudaDriver, WithoutAGrantAllSlicesAreFound) {
  const auto devices = devices_with({{"FAKE_CUDA_DEVICES", "2"}, {"FAKE_MIG_SLICES", "2"}});
  EXPECT_EQ(identities(devices),
            (std::vector<std::string>{"MIG-b0b1b2b3-00 as MIG-b0b1b2b3-00",
                                      "MIG-b0b1b2b3-01 as MIG-b0b1b2b3-01", kUuid + "1 as " + kUuid + "1"}));
}

TEST(TryDevices, SaysWhatFailedOnWhich) {
  std::string path = "/tmp/coppice-broken-XXXXXX";
  close(mkstemp(path.data()));
  {
    const WithEnvironment with(kKnown, {{"FAKE_CUDA_DEVICES", "3"}, {"FAKE_CUDA_BROKEN_DEVICES", path}});
    EXPECT_EQ(try_cuda_devices(), "");
    std::ofstream(path) << "2";
    EXPECT_EQ(try_cuda_devices(), "device 2: cuCtxSynchronize says CUDA_ERROR_LAUNCH_FAILED (719)");
    setenv("CUDA_VISIBLE_DEVICES", "2", 1);
    EXPECT_EQ(try_cuda_devices(), "cuCtxSynchronize says CUDA_ERROR_LAUNCH_FAILED (719)");
    setenv("CUDA_VISIBLE_DEVICES", "0,1", 1);
    EXPECT_EQ(try_cuda_devices(), "");
    setenv("CUDA_VISIBLE_DEVICES", "9", 1);
    EXPECT_EQ(try_cuda_devices(), "cuInit says CUDA_ERROR_NO_DEVICE (100)");
  }
  unlink(path.c_str());
}

}  // namespace
}  // namespace coppice::test
