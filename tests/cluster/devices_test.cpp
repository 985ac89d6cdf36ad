#include "cluster/devices.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "with_environment.hpp"

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
    result.push_back(binding.visible_as);
  }
  return result;
}

TEST(VisibleDevices, AreSplitAsCudaDoes) {
  EXPECT_THAT(split_visible_devices(""), IsEmpty());
  EXPECT_THAT(split_visible_devices("-1"), IsEmpty());
  EXPECT_THAT(split_visible_devices("NoDevFiles"), IsEmpty());
  EXPECT_THAT(split_visible_devices("0"), ElementsAre("0"));
  EXPECT_THAT(split_visible_devices("2,0, 3"), ElementsAre("2", "0", "3"));
  EXPECT_THAT(split_visible_devices("1,-1,2"), ElementsAre("1"));
  EXPECT_THAT(split_visible_devices("1,,2"), ElementsAre("1"));
  EXPECT_THAT(split_visible_devices("0,"), ElementsAre("0"));
  EXPECT_THAT(split_visible_devices("GPU-8f3b,MIG-77aa"), ElementsAre("GPU-8f3b", "MIG-77aa"));
  EXPECT_THAT(split_visible_devices("99999999999999"), IsEmpty());
}

TEST(VisibleDevices, NoneWhereNoneIsGranted) {
  const WithEnvironment with({}, {{"CUDA_VISIBLE_DEVICES", ""}});
  EXPECT_THAT(visible_devices(), IsEmpty());
}

TEST(VisibleDevices, TheGrantCountsWhereThereIsNoDriver) {
  if (dlopen("libcuda.so.1", RTLD_LAZY) != nullptr) GTEST_SKIP() << "there is a driver";
  const WithEnvironment with({}, {{"CUDA_VISIBLE_DEVICES", "2,3"}});
  EXPECT_EQ(visible_devices(), (std::vector<Device>{{0, "", "", "2"}, {1, "", "", "3"}}));
  unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_THAT(visible_devices(), IsEmpty());
}

TEST(Devices, TravelAsText) {
  const std::vector<Device> devices{{0, "GPU-a", "Some GPU 80GB", "3"}, {1, "", "", "MIG-b"}};
  EXPECT_EQ(decode_devices(encode_devices(devices)), devices);
  EXPECT_EQ(decode_devices(""), std::vector<Device>{});
  for (const char* wrong : {"x", "\n", "0\ta\tb\n", "0\ta\tb\tc", "x\ta\tb\tc\n", "0\ta\tb\tc\td\n"}) {
    EXPECT_EQ(decode_devices(wrong), std::nullopt) << wrong;
  }
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
  EXPECT_THAT(bind_devices(seen, 1)[1].problem, HasSubstr("but 1 is visible"));
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

TEST(BindDevices, TheAdviceWorks) {
  const auto bindings = bind_devices({7, gpus(2)}, 1);
  EXPECT_EQ(bindings[6].problem,
            "7 workers on this node want 1 GPU each, but 2 are visible: start fewer workers per node, or set "
            "resources.gpus_per_worker: 0.25");
  EXPECT_EQ(bindings[6].visible_as, "");
  EXPECT_EQ(bound(bind_devices({7, gpus(2)}, 0.25)).size(), 7u);
}

TEST(BindDevices, NoneWantedNoneGiven) {
  for (const DeviceBinding& binding : bind_devices({2, gpus(4)}, 0)) {
    EXPECT_EQ(binding.visible_as, "");
    EXPECT_EQ(binding.problem, "");
    EXPECT_THAT(binding.devices, IsEmpty());
  }
  EXPECT_THAT(bind_devices({}, 1), IsEmpty());
}

TEST(BindDevices, NoneThere) {
  EXPECT_THAT(bind_devices({1, std::vector<Device>{}}, 1)[0].problem,
              HasSubstr("resources.gpus_per_worker: 0"));
}

TEST(BindDevices, OneAndAHalfIsNoShare) {
  for (const double wrong : {1.5, -1.0}) {
    EXPECT_THAT(bind_devices({1, gpus(4)}, wrong)[0].problem, HasSubstr("a whole number, or a fraction"));
  }
}

}  // namespace
}  // namespace coppice::test
