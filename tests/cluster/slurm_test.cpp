#include "cluster/slurm.hpp"

#include <gtest/gtest.h>

#include "with_environment.hpp"

namespace coppice::test {
namespace {

std::optional<SlurmInfo> info(const std::map<std::string, std::string>& environment) {
  static const std::vector<std::string> known{"SLURM_JOB_ID",        "SLURM_STEP_ID",
                                              "SLURM_JOB_NODELIST",  "SLURM_JOB_PARTITION",
                                              "SLURM_RESTART_COUNT", "SLURM_JOB_END_TIME"};
  const WithEnvironment with(known, environment);
  return slurm_info();
}

TEST(Slurm, NothingOutsideAJob) {
  EXPECT_FALSE(info({}));
  EXPECT_FALSE(info({{"SLURM_JOB_ID", ""}, {"SLURM_JOB_PARTITION", "gpu"}}));
}

TEST(Slurm, ReadsWhatIsThere) {
  const auto slurm = info({{"SLURM_JOB_ID", "4711"},
                           {"SLURM_STEP_ID", "0"},
                           {"SLURM_JOB_NODELIST", "node[1-4,7]"},
                           {"SLURM_JOB_PARTITION", "gpu"},
                           {"SLURM_RESTART_COUNT", "2"},
                           {"SLURM_JOB_END_TIME", "1893456000"}});
  ASSERT_TRUE(slurm);
  EXPECT_EQ(slurm->job_id, "4711");
  EXPECT_EQ(slurm->step_id, "0");
  EXPECT_EQ(slurm->node_list, "node[1-4,7]");
  EXPECT_EQ(slurm->partition, "gpu");
  EXPECT_EQ(slurm->restart_count, 2);
  EXPECT_EQ(slurm->end_time_unix, 1893456000);
}

TEST(Slurm, WhatIsMissingOrUnreadableIsEmpty) {
  const auto slurm =
      info({{"SLURM_JOB_ID", "1"}, {"SLURM_RESTART_COUNT", "many"}, {"SLURM_JOB_END_TIME", "12h"}});
  ASSERT_TRUE(slurm);
  EXPECT_EQ(slurm->step_id, "");
  EXPECT_EQ(slurm->restart_count, 0);
  EXPECT_FALSE(slurm->end_time_unix);
  EXPECT_FALSE(info({{"SLURM_JOB_ID", "1"}, {"SLURM_JOB_END_TIME", "0"}})->end_time_unix);
}

}  // namespace
}  // namespace coppice::test
