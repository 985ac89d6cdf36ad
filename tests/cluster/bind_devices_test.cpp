#include "cluster/bind_devices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

namespace coppice::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<Device> gpus(int count, int first = 0) {
  std::vector<Device> devices;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(first + i);
    devices.push_back({i, "GPU-" + number, "a GPU", number});
  }
  return devices;
}

std::vector<std::string> bound(const std::vector<DeviceBinding>& bindings) {
  std::vector<std::string> result;
  for (const DeviceBinding& binding : bindings) {
    EXPECT_EQ(binding.problem, "");
    std::string names;
    for (const Device& device : binding.devices) names += (names.empty() ? "" : ",") + device.visible_as;
    result.push_back(names);
  }
  return result;
}

NodeWorkers ranks(int first, int count) {
  NodeWorkers workers{"node1", {}};
  for (int i = 0; i < count; ++i) workers.ranks.push_back(first + i);
  return workers;
}

TEST(BindDevices, ByLocalRankWhereAllSeeAll) {
  EXPECT_THAT(bound(bind_devices({3, gpus(4)}, 1)), ElementsAre("0", "1", "2"));
}

TEST(BindDevices, EachItsOwnWhereSlurmGaveThemOut) {
  EXPECT_THAT(bound(bind_devices({gpus(1, 2), gpus(1, 3), gpus(1, 0)}, 1)), ElementsAre("2", "3", "0"));
}

TEST(BindDevices, EachItsOwnWhereCgroupsRenumberThem) {
  std::vector<std::vector<Device>> seen{gpus(1, 5), gpus(1, 6)};
  for (auto& devices : seen) devices[0].visible_as = "0";
  EXPECT_THAT(bound(bind_devices(seen, 1)), ElementsAre("0", "0"));
  // The same words without identities are one device, so the second worker gets none.
  for (auto& devices : seen) devices[0].uuid.clear();
  EXPECT_THAT(bind_devices(seen, 1)[1].problem, HasSubstr("but 1 is visible (0)"));
}

TEST(BindDevices, ASliceIsADevice) {
  std::vector<Device> slices{{0, "MIG-a", "", "MIG-a"}, {1, "MIG-b", "", "MIG-b"}};
  EXPECT_THAT(bound(bind_devices({2, slices}, 1)), ElementsAre("MIG-a", "MIG-b"));
}

TEST(BindDevices, SeveralForEach) {
  const auto bindings = bind_devices({2, gpus(4)}, 2);
  EXPECT_THAT(bound(bindings), ElementsAre("0,1", "2,3"));
  EXPECT_EQ(bindings[1].devices.size(), 2u);
  EXPECT_EQ(bindings[1].devices[0].uuid, "GPU-2");
}

TEST(BindDevices, FractionsSpreadAndNeverExceedADevice) {
  EXPECT_THAT(bound(bind_devices({4, gpus(2)}, 0.5)), ElementsAre("0", "1", "0", "1"));
  EXPECT_THAT(bound(bind_devices({3, gpus(1)}, 1.0 / 3)), ElementsAre("0", "0", "0"));
  // In sum 3 × 0.6 fits in 2 devices; on the devices it doesn't.
  const auto bindings = bind_devices({3, gpus(2)}, 0.6);
  EXPECT_EQ(bindings[0].problem + bindings[1].problem, "");
  EXPECT_THAT(bindings[2].problem, HasSubstr("resources.gpus_per_worker: 0.5"));
}

TEST(BindDevices, WhoHasLittleChoiceChoosesFirst) {
  EXPECT_THAT(bound(bind_devices({gpus(2), gpus(1)}, 1)), ElementsAre("1", "0"));
}

TEST(BindDevices, TheAdviceWorks) {
  const auto bindings = bind_devices({7, gpus(2)}, 1, ranks(0, 7));
  EXPECT_EQ(bindings[6].problem,
            "ranks 0 to 6 on node1 want 1 GPU each, but 2 are visible (GPU-0, GPU-1): start fewer workers "
            "per node, "
            "or set resources.gpus_per_worker: 0.25");
  EXPECT_THAT(bindings[6].devices, IsEmpty());
  EXPECT_EQ(bound(bind_devices({7, gpus(2)}, 0.25)).size(), 7u);
}

TEST(BindDevices, ACollisionNamesBothAndTheDevice) {
  const auto bindings = bind_devices({gpus(1, 3), gpus(1, 3), gpus(1, 0)}, 1, ranks(4, 3));
  EXPECT_EQ(
      bindings[1].problem,
      "rank 5 on node1 wants 1 GPU, but sees only GPU-3, which rank 4 on node1 has: give each rank its own "
      "(srun --gpus-per-task=1) or show all to each (mpirun), or set resources.gpus_per_worker: 0.5");
  EXPECT_EQ(bindings[0].problem + bindings[2].problem, "");
}

TEST(BindDevices, OneThatSeesNoneWhereOthersDo) {
  const auto bindings = bind_devices({gpus(1), {}}, 1, ranks(0, 2));
  EXPECT_THAT(bindings[1].problem, HasSubstr("rank 1 on node1 wants 1 GPU, but sees none"));
}

TEST(BindDevices, OneThatSeesTooFew) {
  const auto bindings = bind_devices({gpus(1), gpus(2, 1)}, 2, ranks(0, 2));
  EXPECT_EQ(
      bindings[0].problem,
      "rank 0 on node1 wants 2 GPUs, but sees only GPU-0: give it more, or set resources.gpus_per_worker: 1");
}

TEST(BindDevices, NoneWantedNoneGiven) {
  for (const DeviceBinding& binding : bind_devices({2, gpus(4)}, 0)) {
    EXPECT_EQ(binding.problem, "");
    EXPECT_THAT(binding.devices, IsEmpty());
  }
  EXPECT_THAT(bind_devices({}, 1), IsEmpty());
}

TEST(BindDevices, NoneThere) {
  EXPECT_EQ(bind_devices({1, std::vector<Device>{}}, 1)[0].problem,
            "1 worker on this machine wants 1 GPU, but no GPU is visible: ask for GPUs, or set "
            "resources.gpus_per_worker: 0");
}

TEST(BindDevices, OneAndAHalfIsNoShare) {
  for (const double wrong : {1.5, -1.0}) {
    EXPECT_THAT(bind_devices({1, gpus(4)}, wrong)[0].problem, HasSubstr("a whole number, or a fraction"));
  }
}

/// Of any shape: a device is never used more than once in full, a worker gets what it asked for from what it
/// sees, or one line that says why not; and where all see the same, nobody goes without as long as there is
/// room.
TEST(BindDevices, NeverMoreThanADeviceHolds) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
    const int devices = 1 + below(6);
    const int workers = 1 + below(9);
    const bool all_see_all = below(2) == 0;
    const double shares[] = {1, 2, 3, 0.5, 1.0 / 3, 0.25, 0.6, 0.7, 0.1};
    const double share = shares[below(9)];
    std::vector<std::vector<Device>> seen;
    for (int i = 0; i < workers; ++i) {
      std::vector<Device> own;
      for (const Device& device : gpus(devices)) {
        if (all_see_all || below(2) == 0) own.push_back(device);
      }
      seen.push_back(std::move(own));
    }
    const auto bindings = bind_devices(seen, share, ranks(0, workers));
    ASSERT_EQ(bindings.size(), seen.size()) << "seed " << seed;
    std::map<std::string, double> used;
    int served = 0;
    for (std::size_t i = 0; i < bindings.size(); ++i) {
      ASSERT_EQ(bindings[i].devices.empty(), !bindings[i].problem.empty()) << "seed " << seed;
      if (bindings[i].devices.empty()) continue;
      ++served;
      std::set<std::string> own;
      for (const Device& device : seen[i]) own.insert(device.key());
      ASSERT_EQ(bindings[i].devices.size(), static_cast<std::size_t>(std::ceil(share))) << "seed " << seed;
      std::set<std::string> given;
      for (const Device& device : bindings[i].devices) {
        ASSERT_TRUE(own.contains(device.key())) << "seed " << seed;
        ASSERT_TRUE(given.insert(device.key()).second) << "twice the same; seed " << seed;
        used[device.key()] += std::min(share, 1.0);
      }
    }
    for (const auto& [key, sum] : used) ASSERT_LE(sum, 1.0 + 1e-6) << key << ", seed " << seed;
    const int per_device = static_cast<int>(std::floor(1.0 / std::min(share, 1.0) + 1e-6));
    const int room = share >= 1 ? devices / static_cast<int>(share) : devices * per_device;
    if (all_see_all) {
      ASSERT_EQ(served, std::min(workers, room)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace coppice::test
