#include "cluster/slurm.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>

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

class Allocation : public ::testing::Test {
 protected:
  Allocation() : folder_(std::filesystem::temp_directory_path() / ("squeue-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Allocation() override { std::filesystem::remove_all(folder_); }
  /// What is found where `squeue` is this shell script.
  std::optional<std::int64_t> end(const std::string& squeue, std::map<std::string, std::string> environment) {
    const auto path = folder_ / "squeue";
    std::ofstream(path) << "#!/bin/sh\n" << squeue << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    environment["PATH"] = folder_.string() + ":/usr/bin:/bin";
    const WithEnvironment with(
        {"SLURM_JOB_ID", "SLURM_JOB_END_TIME", "COPPICE_END_TIME", "SLURM_TIME_FORMAT"}, environment);
    return allocation_end_unix_s();
  }

  std::filesystem::path folder_;
};

TEST_F(Allocation, EndsWhenTheStrongestSaysSo) {
  EXPECT_FALSE(end("echo 5", {})) << "no job, nobody is asked";
  EXPECT_EQ(end("echo 5", {{"COPPICE_END_TIME", "7"}, {"SLURM_JOB_ID", "1"}, {"SLURM_JOB_END_TIME", "6"}}),
            7);
  EXPECT_EQ(end("echo 5", {{"SLURM_JOB_ID", "1"}, {"SLURM_JOB_END_TIME", "6"}}), 6);
  EXPECT_EQ(end("echo 5", {{"SLURM_JOB_ID", "1"}}), 5);
  EXPECT_EQ(end("echo 5", {{"SLURM_JOB_ID", "1"}, {"COPPICE_END_TIME", ""}}), 5);
}

TEST_F(Allocation, SqueueIsAskedForTheJobInUnixSeconds) {
  const std::string checks = R"([ "$*" = "-h -j 4711 -o %e" ] && [ "$SLURM_TIME_FORMAT" = %s ] && echo 12)";
  EXPECT_EQ(end(checks, {{"SLURM_JOB_ID", "4711"}, {"SLURM_TIME_FORMAT", "standard"}}), 12);
}

TEST_F(Allocation, IsUnknownWhereSqueueFails) {
  for (const char* squeue : {"exit 1", "echo N/A", "echo", "echo slurm_load_jobs error >&2; exit 1"}) {
    EXPECT_FALSE(end(squeue, {{"SLURM_JOB_ID", "1"}})) << squeue;
  }
}

TEST_F(Allocation, IsUnknownWhereSqueueHangs) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(end("exec sleep 1000", {{"SLURM_JOB_ID", "1"}}));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(60));
}

TEST_F(Allocation, AWrongVariableIsAMistake) {
  EXPECT_THROW(end("echo 5", {{"COPPICE_END_TIME", "tomorrow"}}), std::invalid_argument);
}

TEST(Slurm, ReadsATimeAsSlurmPrintsIt) {
  EXPECT_EQ(parse_slurm_time("1893456000"), 1893456000);
  const WithEnvironment with({}, {{"TZ", "UTC"}});
  tzset();
  EXPECT_EQ(parse_slurm_time("2030-01-01T00:00:00"), 1893456000);
  for (const char* text : {"", "0", "-1", "N/A", "UNLIMITED", "2030-01-01", "2030-01-01T00:00:00Z", "12h"})
    EXPECT_FALSE(parse_slurm_time(text)) << text;
}

}  // namespace
}  // namespace coppice::test
