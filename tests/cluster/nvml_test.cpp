#include "cluster/nvml.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "with_environment.hpp"

namespace coppice::test {
namespace {

const std::string kFirstUuid = "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae00";

TEST(Nvml, ReadsMemoryAndWhoIsOnIt) {
  std::string path = "/tmp/coppice-free-XXXXXX";
  close(mkstemp(path.data()));
  std::ofstream(path) << "1500000000";
  const WithEnvironment with({"FAKE_MIG_SLICES"}, {{"FAKE_CUDA_DEVICES", "1"}, {"FAKE_FREE_MEMORY", path}});
  const auto memory = device_memory(kFirstUuid);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->free_bytes, 1'500'000'000);
  EXPECT_EQ(memory->total_bytes, 80'000'000'000);
  EXPECT_EQ(memory->pids, std::vector<int>{4711});
  EXPECT_FALSE(device_memory("GPU-nobody"));
  unlink(path.c_str());
}

TEST(Nvml, ASliceHasMemoryOfItsOwn) {
  const WithEnvironment with({"FAKE_FREE_MEMORY"}, {{"FAKE_CUDA_DEVICES", "1"}, {"FAKE_MIG_SLICES", "1"}});
  ASSERT_TRUE(device_memory("MIG-b0b1b2b3-00"));
  EXPECT_TRUE(device_memory("MIG-b0b1b2b3-00")->pids.empty());
  EXPECT_EQ(managed_device_name("MIG-b0b1b2b3-00"), "Fake GPU 1G MIG 1g.10gb");
  EXPECT_EQ(managed_device_name("MIG-nobody"), "");
}

TEST(Nvml, ListsSlicesInTheirGpusPlace) {
  const WithEnvironment with({}, {{"FAKE_CUDA_DEVICES", "2"}, {"FAKE_MIG_SLICES", "1"}});
  const auto devices = managed_devices();
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].uuid, "MIG-b0b1b2b3-00");
  EXPECT_TRUE(devices[0].is_slice);
  EXPECT_EQ(devices[1].uuid, "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae01");
  EXPECT_FALSE(devices[1].is_slice);
}

}  // namespace
}  // namespace coppice::test
