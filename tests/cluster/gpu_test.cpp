// On real hardware, where there is some: what the driver and its management library say is what nvidia-smi
// says.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <set>
#include <string>

#include "cluster/cuda_driver.hpp"
#include "cluster/devices.hpp"
#include "cluster/nvml.hpp"

namespace coppice::test {
namespace {

class Gpu : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto shown = cuda_devices();
    if (!shown) GTEST_SKIP() << "there is no CUDA driver on this machine";
    if (shown->empty()) GTEST_SKIP() << "the CUDA driver shows no device here";
    devices_ = visible_devices();
  }
  std::vector<Device> devices_;
};

/// "GPU 0: NVIDIA H100 (UUID: GPU-…)", and below it "  MIG 1g.10gb Device 0: (UUID: MIG-…)".
std::set<std::string> uuids_of_nvidia_smi() {
  std::set<std::string> uuids;
  std::FILE* const pipe = popen("nvidia-smi -L 2>/dev/null", "r");
  std::array<char, 512> line{};
  while (pipe != nullptr && std::fgets(line.data(), line.size(), pipe) != nullptr) {
    const std::string text(line.data());
    const std::size_t begin = text.find("UUID: ");
    if (begin != text.npos) uuids.insert(text.substr(begin + 6, text.find(')', begin) - begin - 6));
  }
  if (pipe != nullptr) pclose(pipe);
  return uuids;
}

TEST_F(Gpu, IdentitiesAreThoseOfNvidiaSmi) {
  const auto known = uuids_of_nvidia_smi();
  if (known.empty()) GTEST_SKIP() << "there is no nvidia-smi to compare with";
  ASSERT_FALSE(devices_.empty());
  for (const Device& device : devices_) EXPECT_TRUE(known.contains(device.uuid)) << device.uuid;
}

TEST_F(Gpu, FreeMemoryIsRead) {
  for (const Device& device : devices_) {
    const auto memory = device_memory(device.uuid);
    ASSERT_TRUE(memory) << device.uuid;
    EXPECT_GT(memory->total_bytes, 0);
    EXPECT_LE(memory->free_bytes, memory->total_bytes);
  }
}

TEST_F(Gpu, AWorkingDeviceStandsTheTrial) {
  EXPECT_EQ(try_cuda_devices(), "");
}

}  // namespace
}  // namespace coppice::test
