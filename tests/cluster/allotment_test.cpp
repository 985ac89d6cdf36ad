#include "cluster/allotment.hpp"

#include <gtest/gtest.h>

namespace coppice::test {
namespace {

TEST(Allotment, TravelsAsALineOfText) {
  Allotment told;
  told.devices = {{0, "GPU-a", "Some GPU 80GB", "3"},
                  {1, "", "odd \"name\"\n\xff", "0.1", DeviceMaker::kLevelZero}};
  told.slurm_devices = 2;
  told.cpus.cpus = {{0, 0, 0}, {64, 1, 0}};
  told.cpus.quota = 2.5;
  told.cpus.quota_group = "slurm/job";
  told.cpus.online = 128;
  told.memory_bytes = 1'000'000'000'000;
  const std::string text = encode(told);
  EXPECT_EQ(text.find('\n'), text.npos);
  const auto heard = decode_allotment(text);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->devices[0], told.devices[0]);
  EXPECT_EQ(heard->devices[1].maker, DeviceMaker::kLevelZero);
  EXPECT_EQ(heard->slurm_devices, 2);
  EXPECT_EQ(heard->cpus.cpus, told.cpus.cpus);
  EXPECT_EQ(heard->cpus.quota, 2.5);
  EXPECT_EQ(heard->cpus.quota_group, "slurm/job");
  EXPECT_EQ(heard->cpus.online, 128);
  EXPECT_FALSE(heard->cpus.job_cpus);
  EXPECT_EQ(heard->memory_bytes, told.memory_bytes);
  for (const char* wrong : {"", "x", "{}", "[1]", R"({"devices": [1]})"}) {
    EXPECT_FALSE(decode_allotment(wrong)) << wrong;
  }
}

TEST(Allotment, OfThisProcessSurvivesTheJourney) {
  const Allotment own = own_allotment();
  const auto heard = decode_allotment(encode(own));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->devices, own.devices);
  EXPECT_EQ(heard->cpus.cpus, own.cpus.cpus);
  EXPECT_GT(own.memory_bytes, 0);
}

}  // namespace
}  // namespace coppice::test
