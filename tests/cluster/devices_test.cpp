#include "cluster/devices.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "with_environment.hpp"

namespace coppice::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Variables = std::map<std::string, std::string>;

const std::vector<std::string> kGrants{"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
                                       "ZE_AFFINITY_MASK"};

std::vector<Device> named(const std::vector<std::string>& names, DeviceMaker maker = DeviceMaker::kCuda) {
  std::vector<Device> devices;
  for (const std::string& name : names) {
    devices.push_back({static_cast<int>(devices.size()), "", "", name, maker});
  }
  return devices;
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

TEST(VisibleDevices, LevelZeroNamesPartsOfThem) {
  EXPECT_THAT(split_visible_devices("0.0,0.1,3", DeviceMaker::kLevelZero), ElementsAre("0.0", "0.1", "3"));
  EXPECT_THAT(split_visible_devices("0.x", DeviceMaker::kLevelZero), IsEmpty());
  EXPECT_THAT(split_visible_devices("0.1", DeviceMaker::kRocm), IsEmpty());
}

TEST(VisibleDevices, NoneWhereNoneIsGranted) {
  const WithEnvironment with(kGrants, {{"CUDA_VISIBLE_DEVICES", ""}, {"ROCR_VISIBLE_DEVICES", "0"}});
  EXPECT_THAT(visible_devices(), IsEmpty());
}

TEST(VisibleDevices, TheGrantCountsWhereThereIsNoDriver) {
  if (dlopen("libcuda.so.1", RTLD_LAZY) != nullptr) GTEST_SKIP() << "there is a driver";
  const WithEnvironment with(kGrants, {{"CUDA_VISIBLE_DEVICES", "2,3"}});
  EXPECT_EQ(visible_devices(), named({"2", "3"}));
  unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_THAT(visible_devices(), IsEmpty());
  setenv("ZE_AFFINITY_MASK", "0.1", 1);
  EXPECT_EQ(visible_devices(), named({"0.1"}, DeviceMaker::kLevelZero));
  setenv("HIP_VISIBLE_DEVICES", "1", 1);
  EXPECT_EQ(visible_devices(), named({"1"}, DeviceMaker::kRocm));
  setenv("ROCR_VISIBLE_DEVICES", "4,GPU-1a", 1);
  EXPECT_EQ(visible_devices(), named({"4", "GPU-1a"}, DeviceMaker::kRocm));
}

TEST(DeviceEnvironment, ByUuidIsForCudaAlone) {
  EXPECT_EQ(device_environment(named({"GPU-8f3b", "GPU-8f3c"})),
            (Variables{{"CUDA_VISIBLE_DEVICES", "GPU-8f3b,GPU-8f3c"}}));
}

TEST(DeviceEnvironment, ByNumberForAllMakers) {
  // HIP counts among those that ROCR leaves, and takes its own word before CUDA's.
  EXPECT_EQ(device_environment(named({"2", "3"})), (Variables{{"CUDA_VISIBLE_DEVICES", "2,3"},
                                                              {"ROCR_VISIBLE_DEVICES", "2,3"},
                                                              {"HIP_VISIBLE_DEVICES", "0,1"},
                                                              {"GPU_DEVICE_ORDINAL", "0,1"},
                                                              {"ZE_AFFINITY_MASK", "2,3"}}));
}

TEST(DeviceEnvironment, OfOtherMakers) {
  EXPECT_EQ(device_environment(named({"5"}, DeviceMaker::kRocm)), (Variables{{"CUDA_VISIBLE_DEVICES", "0"},
                                                                             {"ROCR_VISIBLE_DEVICES", "5"},
                                                                             {"HIP_VISIBLE_DEVICES", "0"},
                                                                             {"GPU_DEVICE_ORDINAL", "0"}}));
  EXPECT_EQ(device_environment(named({"0.1"}, DeviceMaker::kLevelZero)),
            (Variables{{"ZE_AFFINITY_MASK", "0.1"}}));
}

TEST(DeviceEnvironment, OfNoneHidesThem) {
  EXPECT_EQ(device_environment({}), (Variables{{"CUDA_VISIBLE_DEVICES", ""},
                                               {"ROCR_VISIBLE_DEVICES", "-1"},
                                               {"HIP_VISIBLE_DEVICES", "-1"},
                                               {"GPU_DEVICE_ORDINAL", "-1"}}));
}

TEST(SlurmDevices, AreCounted) {
  const auto count = [](const Variables& variables) {
    const WithEnvironment with({"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}, variables);
    return slurm_device_count();
  };
  EXPECT_EQ(count({}), 0);
  EXPECT_EQ(count({{"SLURM_STEP_GPUS", "2"}}), 1);
  EXPECT_EQ(count({{"SLURM_STEP_GPUS", "0,1,4-7"}}), 6);
  EXPECT_EQ(count({{"SLURM_JOB_GPUS", "0,1"}}), 2);
  EXPECT_EQ(count({{"SLURM_JOB_GPUS", "0,1"}, {"SLURM_STEP_GPUS", "1"}}), 1);
  EXPECT_EQ(count({{"SLURM_STEP_GPUS", "gpu:a"}}), 0);
}

std::vector<std::string> keys_after(std::vector<std::vector<Device>> seen, const std::vector<int>& given) {
  tell_devices_apart(seen, given);
  std::vector<std::string> keys;
  for (const auto& devices : seen) {
    for (const Device& device : devices) keys.push_back(device.key());
  }
  return keys;
}

TEST(TellDevicesApart, WhereSlurmGaveEnoughAndCgroupsRenumberedThem) {
  EXPECT_THAT(keys_after({named({"0"}), named({"0"})}, {2, 2}),
              ElementsAre("0 of process 0", "0 of process 1"));
  EXPECT_THAT(keys_after({named({"0", "1"}), named({"0", "1"})}, {4, 4}),
              ElementsAre("0 of process 0", "1 of process 0", "0 of process 1", "1 of process 1"));
}

TEST(TellDevicesApart, NotWhereTheyMustBeShared) {
  EXPECT_THAT(keys_after({named({"0"}), named({"0"})}, {1, 1}), ElementsAre("0", "0"));  // --gres=gpu:1
  EXPECT_THAT(keys_after({named({"0", "1"}), named({"0", "1"})}, {2, 2}), ElementsAre("0", "1", "0", "1"));
  EXPECT_THAT(keys_after({named({"0"}), named({"0"})}, {0, 0}), ElementsAre("0", "0"));  // Slurm says nothing
}

TEST(TellDevicesApart, NotWhereNamesOrIdentitiesDo) {
  EXPECT_THAT(keys_after({named({"0"}), named({"1"})}, {2, 2}), ElementsAre("0", "1"));
  EXPECT_THAT(keys_after({named({"MIG-7"}), named({"MIG-7"})}, {2, 2}), ElementsAre("MIG-7", "MIG-7"));
  std::vector<Device> known = named({"0"});
  known[0].uuid = "GPU-a";
  EXPECT_THAT(keys_after({known, known}, {2, 2}), ElementsAre("GPU-a", "GPU-a"));
}

}  // namespace
}  // namespace coppice::test
