#include "cluster/launcher.hpp"

#include <gtest/gtest.h>

#include "with_environment.hpp"

namespace coppice::test {
namespace {

Launcher detect(const std::map<std::string, std::string>& environment) {
  static const std::vector<std::string> known{
      "OMPI_COMM_WORLD_SIZE", "PMIX_RANK",    "PMIX_NAMESPACE",       "PMI_RANK",     "PMI_SIZE",
      "SLURM_STEP_ID",        "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_HET_SIZE"};
  const WithEnvironment with(known, environment);
  EXPECT_EQ(under_launcher(), detect_launcher().launched);
  return detect_launcher();
}

void expect_none(const Launcher& launcher) {
  EXPECT_FALSE(launcher.launched);
  EXPECT_EQ(launcher.kind, "");
  EXPECT_EQ(launcher.problem, "");
}

TEST(Launcher, NoneInAnOrdinaryShell) {
  expect_none(detect({}));
}

TEST(Launcher, NoneInABatchScript) {
  expect_none(detect({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}));
  // Some versions give the script, or an `salloc` shell, a reserved step.
  for (const char* step : {"4294967291", "4294967290"}) {
    expect_none(detect({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_STEP_ID", step}}));
    expect_none(detect({{"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", step}, {"SLURM_STEP_NUM_TASKS", "8"}}));
  }
}

TEST(Launcher, NoneInAnInteractiveStep) {
  expect_none(detect({{"SLURM_PROCID", "0"},
                      {"SLURM_STEP_ID", "0"},
                      {"SLURM_STEP_NUM_TASKS", "1"},
                      {"SLURM_NTASKS", "4"},
                      {"PMIX_RANK", "0"},
                      {"PMIX_NAMESPACE", "slurm.pmix.7.0"}}));
}

TEST(Launcher, Mpirun) {
  const Launcher launcher =
      detect({{"OMPI_COMM_WORLD_SIZE", "1"}, {"PMIX_RANK", "0"}, {"PMIX_NAMESPACE", "x"}});
  EXPECT_TRUE(launcher.launched);
  EXPECT_EQ(launcher.kind, "mpirun");
}

TEST(Launcher, MpirunInAnAllocationWhoseDaemonsSlurmStarted) {
  const Launcher launcher = detect({{"OMPI_COMM_WORLD_SIZE", "8"},
                                    {"SLURM_STEP_ID", "1"},
                                    {"SLURM_PROCID", "1"},
                                    {"SLURM_STEP_NUM_TASKS", "3"}});
  EXPECT_TRUE(launcher.launched);
  EXPECT_EQ(launcher.kind, "mpirun");
  EXPECT_EQ(launcher.problem, "");
}

TEST(Launcher, SrunWithPmix) {
  const Launcher launcher = detect({{"SLURM_STEP_ID", "0"},
                                    {"SLURM_PROCID", "2"},
                                    {"SLURM_STEP_NUM_TASKS", "4"},
                                    {"PMIX_RANK", "2"},
                                    {"PMIX_NAMESPACE", "slurm.pmix.7.0"}});
  EXPECT_TRUE(launcher.launched);
  EXPECT_EQ(launcher.kind, "srun");
}

TEST(Launcher, SrunOfAHeterogeneousJobWithOneTaskHere) {
  const Launcher launcher = detect({{"SLURM_STEP_ID", "0"},
                                    {"SLURM_PROCID", "0"},
                                    {"SLURM_STEP_NUM_TASKS", "1"},
                                    {"SLURM_HET_SIZE", "2"},
                                    {"PMIX_RANK", "0"},
                                    {"PMIX_NAMESPACE", "slurm.pmix.7.0"}});
  EXPECT_TRUE(launcher.launched);
}

TEST(Launcher, SrunWithoutPmiIsTheUsersMistake) {
  const Launcher launcher =
      detect({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}});
  EXPECT_FALSE(launcher.launched);
  EXPECT_EQ(launcher.problem,
            "srun started 4 processes that can't find each other: use srun --mpi=pmix, or mpirun");
}

TEST(Launcher, OtherLaunchers) {
  EXPECT_EQ(detect({{"PMIX_RANK", "0"}, {"PMIX_NAMESPACE", "prte-1"}}).kind, "pmix");
  EXPECT_EQ(detect({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}).kind, "pmi");
  EXPECT_TRUE(detect({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}).launched);
  expect_none(detect({{"PMI_RANK", "0"}}));
  expect_none(detect({{"PMIX_RANK", "0"}}));
}

}  // namespace
}  // namespace coppice::test
