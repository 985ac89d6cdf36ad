#include "cluster/cpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "with_environment.hpp"

namespace coppice::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// CPUs of one hardware thread each, all on one NUMA node.
CpuShare cpus(int count, int first = 0) {
  CpuShare share;
  for (int i = first; i < first + count; ++i) share.cpus.push_back({i, 0, i});
  share.online = 64;
  return share;
}

std::vector<std::string> texts(const std::vector<CpuBinding>& bindings) {
  std::vector<std::string> result;
  for (const CpuBinding& binding : bindings) {
    EXPECT_EQ(binding.problem, "");
    result.push_back(cpu_list_text(binding.cpus) + " x" + std::to_string(binding.threads) +
                     (binding.shared ? " shared" : ""));
  }
  return result;
}

TEST(DivideCpus, AllWhoSeeAllGetPartsOfThem) {
  EXPECT_THAT(texts(divide_cpus({cpus(8), cpus(8)}, {})), ElementsAre("0-3 x4", "4-7 x4"));
  EXPECT_THAT(texts(divide_cpus({3, cpus(8)}, {})), ElementsAre("0-1 x2", "2-4 x3", "5-7 x3"));
  EXPECT_THAT(texts(divide_cpus({cpus(8)}, {})), ElementsAre("0-7 x8"));
}

TEST(DivideCpus, EachKeepsAMaskOfItsOwn) {
  EXPECT_THAT(texts(divide_cpus({cpus(4, 0), cpus(4, 4)}, {})), ElementsAre("0-3 x4", "4-7 x4"));
  EXPECT_THAT(texts(divide_cpus({cpus(1, 0), cpus(1, 5), cpus(4, 8), cpus(4, 8)}, {})),
              ElementsAre("0 x1", "5 x1", "8-9 x2", "10-11 x2"));
}

TEST(DivideCpus, HardwareThreadsOfACoreStayTogetherAndSoDoNumaNodes) {
  // As many machines count: 0-3 are the first threads of four cores, 4-7 their second ones; odd cores on
  // node 1.
  CpuShare share;
  for (int i = 0; i < 8; ++i) share.cpus.push_back({i, i % 2, i % 4});
  EXPECT_THAT(texts(divide_cpus({share, share}, {})), ElementsAre("0,2,4,6 x4", "1,3,5,7 x4"));
  EXPECT_THAT(texts(divide_cpus({4, share}, {})), ElementsAre("0,4 x2", "2,6 x2", "1,5 x2", "3,7 x2"));
  EXPECT_THAT(texts(divide_cpus({3, share}, {})), ElementsAre("0,4 x2", "2,6 x2", "1,3,5,7 x4"));
  // More workers than cores: then threads are divided.
  EXPECT_EQ(texts(divide_cpus({8, share}, {}))[1], "4 x1");
}

TEST(DivideCpus, MoreWorkersThanCpusAreNotPinned) {
  EXPECT_THAT(texts(divide_cpus({3, cpus(2)}, {})),
              ElementsAre("0-1 x1 shared", "0-1 x1 shared", "0-1 x1 shared"));
}

TEST(DivideCpus, AsManyAsAreAskedFor) {
  EXPECT_THAT(texts(divide_cpus({2, cpus(8)}, 2)), ElementsAre("0-1 x2", "4-5 x2"));
  EXPECT_THAT(texts(divide_cpus({cpus(4, 0), cpus(4, 4)}, 3)), ElementsAre("0-2 x3", "4-6 x3"));
}

TEST(DivideCpus, TooManyAskedForIsAMistakeWithItsFix) {
  const NodeWorkers workers{"node1", {4, 5}};
  EXPECT_EQ(divide_cpus({2, cpus(6)}, 4, workers)[0].problem,
            "resources.cpus_per_worker is 4, but ranks 4 to 5 on node1 may use 6 CPUs in all: set it to 3 or "
            "auto, or "
            "start fewer workers per node");
  EXPECT_EQ(divide_cpus({cpus(1, 0), cpus(1, 1)}, 4, workers)[1].problem,
            "resources.cpus_per_worker is 4, but rank 5 on node1 is bound to 1 CPU: launch with mpirun "
            "--bind-to none, "
            "or srun --cpus-per-task=4");
}

TEST(DivideCpus, AQuotaLimitsThreadsAndPinsNothing) {
  CpuShare share = cpus(64);
  share.quota = 3.5;
  share.quota_group = "a";
  EXPECT_THAT(texts(divide_cpus({share}, {})), ElementsAre("0-63 x4"));
  EXPECT_THAT(texts(divide_cpus({share, share}, {})), ElementsAre("0-63 x2 shared", "0-63 x2 shared"));
  CpuShare other = share;
  other.quota_group = "b";  // a cgroup for each: each has it in full
  EXPECT_THAT(texts(divide_cpus({share, other}, {})), ElementsAre("0-63 x4 shared", "0-63 x4 shared"));
  EXPECT_THAT(divide_cpus({share, share}, 3)[0].problem, HasSubstr("may use 4 CPUs in all: set it to 2"));
  share.quota = 200;
  EXPECT_THAT(texts(divide_cpus({share}, {})), ElementsAre("0-63 x64"));
}

TEST(DivideCpus, SoDoesAJobThatHasApartOfANodeWithoutBeingConfinedToIt) {
  CpuShare share = cpus(64);
  share.job_cpus = 8;
  EXPECT_THAT(texts(divide_cpus({2, share}, {})), ElementsAre("0-63 x4 shared", "0-63 x4 shared"));
}

TEST(DivideCpus, WhereNothingIsKnownNothingIsPinned) {
  EXPECT_THAT(texts(divide_cpus({2, CpuShare{}}, {})), ElementsAre(" x1", " x1"));
}

/// Of any shape without quotas and with enough CPUs: parts that don't overlap, together all there is.
TEST(DivideCpus, PartsAreDisjointAndCoverAll) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
    const int workers = 1 + below(8);
    const int threads = 1 + below(2);
    const int cores = workers + below(40);
    const int numa = 1 + below(4);
    CpuShare share;
    for (int i = 0; i < cores * threads; ++i) share.cpus.push_back({i, (i % cores) % numa, i % cores});
    std::shuffle(share.cpus.begin(), share.cpus.end(), random);
    std::set<int> given;
    std::size_t least = 1000;
    std::size_t most = 0;
    for (const CpuBinding& binding : divide_cpus({static_cast<std::size_t>(workers), share}, {})) {
      ASSERT_EQ(binding.problem, "") << "seed " << seed;
      for (const int cpu : binding.cpus) ASSERT_TRUE(given.insert(cpu).second) << cpu << ", seed " << seed;
      least = std::min(least, binding.cpus.size());
      most = std::max(most, binding.cpus.size());
    }
    ASSERT_EQ(given.size(), share.cpus.size()) << "seed " << seed;
    ASSERT_LE(most - least, static_cast<std::size_t>(threads)) << "seed " << seed;
  }
}

TEST(CpuListText, WritesRanges) {
  EXPECT_EQ(cpu_list_text({}), "");
  EXPECT_EQ(cpu_list_text({3}), "3");
  EXPECT_EQ(cpu_list_text({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
}

class MachineFiles : public ::testing::Test {
 protected:
  MachineFiles() {
    std::string path = "/tmp/coppice-machine-XXXXXX";
    folder_ = mkdtemp(path.data());
  }
  ~MachineFiles() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  CpuShare quota() const {
    CpuShare share;
    read_quota(share, folder_ / "self", folder_ / "cgroup");
    return share;
  }
  std::filesystem::path folder_;
};

TEST_F(MachineFiles, TellTheCoreAndTheNumaNode) {
  write("cpu/cpu65/topology/thread_siblings_list", "1,65\n");
  std::filesystem::create_directories(folder_ / "cpu/cpu65/node1");
  EXPECT_EQ(describe_cpu(65, folder_), (Cpu{65, 1, 1}));
  EXPECT_EQ(describe_cpu(7, folder_), (Cpu{7, 0, 7})) << "nothing is known of it";
}

TEST_F(MachineFiles, TheTightestQuotaCounts) {
  write("self", "0::/slurm/job/task\n");
  EXPECT_FALSE(quota().quota);
  write("cgroup/slurm/job/task/cpu.max", "max 100000\n");
  EXPECT_FALSE(quota().quota);
  write("cgroup/slurm/job/cpu.max", "250000 100000\n");
  write("cgroup/slurm/cpu.max", "800000 100000\n");
  EXPECT_EQ(quota().quota, 2.5);
  EXPECT_EQ(quota().quota_group, "slurm/job");
  write("cgroup/cpu.max", "100000 100000\n");  // of a container
  EXPECT_EQ(quota().quota, 1.0);
}

TEST_F(MachineFiles, SoItIsInVersion1) {
  write("self", "9:memory:/x\n4:cpu,cpuacct:/a\n0::/\n");
  write("cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  write("cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(quota().quota);
  write("cgroup/cpu/a/cpu.cfs_quota_us", "150000\n");
  EXPECT_EQ(quota().quota, 1.5);
}

TEST(OwnCpuShare, IsTheMaskOfThisProcess) {
  const WithEnvironment with({"SLURM_CPUS_ON_NODE"}, {});
  cpu_set_t mask;
  ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
  const CpuShare share = own_cpu_share();
  EXPECT_EQ(static_cast<int>(share.cpus.size()), CPU_COUNT(&mask));
  for (const Cpu& cpu : share.cpus) EXPECT_TRUE(CPU_ISSET(static_cast<std::size_t>(cpu.number), &mask));
  EXPECT_GE(share.online, 1);
  EXPECT_FALSE(share.job_cpus);
  setenv("SLURM_CPUS_ON_NODE", "6", 1);
  EXPECT_EQ(own_cpu_share().job_cpus, 6);
}

}  // namespace
}  // namespace coppice::test
