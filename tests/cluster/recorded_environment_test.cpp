#include "cluster/recorded_environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "with_environment.hpp"

namespace coppice::test {
namespace {

TEST(RecordedEnvironment, HoldsWhatMatters) {
  for (const char* name : {"SLURM_JOB_ID", "SLURM_JOB_NODELIST", "CUDA_VISIBLE_DEVICES", "LOADEDMODULES",
                           "CONDA_PREFIX", "VIRTUAL_ENV", "OMP_NUM_THREADS", "PATH"}) {
    EXPECT_TRUE(is_recorded(name)) << name;
  }
}

TEST(RecordedEnvironment, HoldsNothingElse) {
  for (const char* name : {"HOME", "USER", "AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "PATHS", "MYPATH",
                           "SLURM_JWT", "SLURM_CONF", "SSH_AUTH_SOCK", ""}) {
    EXPECT_FALSE(is_recorded(name)) << name;
  }
}

TEST(RecordedEnvironment, NeverHoldsSecrets) {
  for (const char* name : {"COPPICE_TOKEN", "NCCL_SECRET", "UCX_PASSWORD", "OMP_API_KEY", "SLURM_JOB_JWT"}) {
    EXPECT_FALSE(is_recorded(name)) << name;
  }
}

TEST(RecordedEnvironment, IsSortedAndBounded) {
  const WithEnvironment with(
      {"COPPICE_A", "COPPICE_B", "WANDB_API_KEY"},
      {{"COPPICE_B", std::string(10000, 'x')}, {"COPPICE_A", "a=b"}, {"WANDB_API_KEY", "hush"}});
  const auto recorded = recorded_environment();
  EXPECT_TRUE(std::is_sorted(recorded.begin(), recorded.end()));
  const auto value_of = [&](const std::string& name) {
    const auto found =
        std::find_if(recorded.begin(), recorded.end(), [&](const auto& item) { return item.first == name; });
    return found == recorded.end() ? std::string("absent") : found->second;
  };
  EXPECT_EQ(value_of("COPPICE_A"), "a=b");
  EXPECT_EQ(value_of("COPPICE_B").size(), 4096U);
  EXPECT_EQ(value_of("WANDB_API_KEY"), "absent");
}

}  // namespace
}  // namespace coppice::test
