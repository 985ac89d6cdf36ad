#include "cluster/cpus.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "cluster/environment.hpp"

namespace coppice {
namespace {

using cluster_detail::environment;
using cluster_detail::to_integer;

template <class T>
std::optional<T> read_value(const std::filesystem::path& file) {
  std::ifstream stream(file);
  T value{};
  if (!(stream >> value)) return std::nullopt;
  return value;
}

std::vector<int> own_mask() {
  // Larger machines than cpu_set_t can hold need a larger set: the kernel says EINVAL then.
  for (int size = 1024; size <= (1 << 20); size *= 4) {
    const auto free_set = [](cpu_set_t* set) { CPU_FREE(set); };
    const std::unique_ptr<cpu_set_t, decltype(free_set)> set(CPU_ALLOC(static_cast<std::size_t>(size)),
                                                             free_set);
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(size));
    if (set == nullptr || ::sched_getaffinity(0, bytes, set.get()) != 0) continue;
    std::vector<int> cpus;
    for (int cpu = 0; cpu < size; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set.get())) cpus.push_back(cpu);
    }
    return cpus;
  }
  return {};
}

void tighten(CpuShare& share, std::optional<double> quota, const std::string& group) {
  if (!quota || (share.quota && *share.quota <= *quota)) return;
  share.quota = quota;
  share.quota_group = group;
}

/// Of version 2: "max 100000" or "200000 100000".
std::optional<double> quota_of_v2(const std::filesystem::path& folder) {
  std::ifstream stream(folder / "cpu.max");
  std::string limit;
  double period = 0;
  if (!(stream >> limit >> period) || period <= 0) return std::nullopt;
  const auto number = to_integer<std::int64_t>(limit);
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<double>(*number) / period;
}

std::optional<double> quota_of_v1(const std::filesystem::path& folder) {
  const auto limit = read_value<double>(folder / "cpu.cfs_quota_us");
  const auto period = read_value<double>(folder / "cpu.cfs_period_us");
  if (!limit || !period || *limit <= 0 || *period <= 0) return std::nullopt;
  return *limit / *period;
}

/// How much of `total` each of `count` gets, at least one.
int part(double total, std::size_t count) {
  return std::max(1, static_cast<int>(std::ceil(total)) / static_cast<int>(std::max<std::size_t>(1, count)));
}

/// What a worker may keep busy by quotas and by the batch system, whatever its mask says.
std::optional<int> allowance(const std::vector<CpuShare>& shares, std::size_t worker) {
  std::optional<int> result;
  const CpuShare& own = shares[worker];
  if (own.quota) {
    const auto sharers =
        static_cast<std::size_t>(std::count_if(shares.begin(), shares.end(), [&](const CpuShare& other) {
          return other.quota && other.quota_group == own.quota_group;
        }));
    result = part(*own.quota, sharers);
  }
  if (own.job_cpus) {
    const int of_job = part(*own.job_cpus, shares.size());
    result = std::min(result.value_or(of_job), of_job);
  }
  return result;
}

/// Contiguous parts, whole cores where there are enough of them. `cpus` is in order.
std::vector<std::vector<Cpu>> parts(const std::vector<Cpu>& cpus, std::size_t count) {
  std::vector<std::vector<Cpu>> result(count);
  std::vector<std::size_t> core_begin;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    if (i == 0 || cpus[i].core != cpus[i - 1].core || cpus[i].numa_node != cpus[i - 1].numa_node) {
      core_begin.push_back(i);
    }
  }
  const bool whole_cores = core_begin.size() >= count;
  const std::size_t units = whole_cores ? core_begin.size() : cpus.size();
  const auto begin_of = [&](std::size_t unit) {
    return unit == units ? cpus.size() : whole_cores ? core_begin[unit] : unit;
  };
  for (std::size_t i = 0; i < count; ++i) {
    result[i].assign(cpus.begin() + static_cast<std::ptrdiff_t>(begin_of(i * units / count)),
                     cpus.begin() + static_cast<std::ptrdiff_t>(begin_of((i + 1) * units / count)));
  }
  return result;
}

/// Neighbours together.
struct ByPlace {
  bool operator()(const Cpu& a, const Cpu& b) const {
    return std::tuple(a.numa_node, a.core, a.number) < std::tuple(b.numa_node, b.core, b.number);
  }
};

std::vector<int> numbers(const std::vector<Cpu>& cpus) {
  std::vector<int> result;
  for (const Cpu& cpu : cpus) result.push_back(cpu.number);
  std::sort(result.begin(), result.end());
  return result;
}

std::string count_text(int cpus) {
  return fmt::format("{} CPU{}", cpus, cpus == 1 ? "" : "s");
}

std::string own_too_small(const NodeWorkers& workers, std::size_t worker, int wanted, int has) {
  return fmt::format(
      "resources.cpus_per_worker is {}, but {} is bound to {}: launch with mpirun --bind-to none, "
      "or srun --cpus-per-task={}",
      wanted, workers.text_of(worker), count_text(has), wanted);
}

std::string node_too_small(const NodeWorkers& workers, std::size_t count, int wanted, int has) {
  const int fits = has / static_cast<int>(count);
  return fmt::format(
      "resources.cpus_per_worker is {}, but {} may use {} in all: {}or start fewer workers per node", wanted,
      workers.text(count), count_text(has),
      fits > 0 ? fmt::format("set it to {} or auto, ", fits) : "set it to auto, ");
}

}  // namespace

Cpu describe_cpu(int number, const std::filesystem::path& devices_system) {
  Cpu cpu{number, 0, number};
  const auto folder = devices_system / "cpu" / fmt::format("cpu{}", number);
  // "0,64" or "0-1": its first one names the core.
  if (const auto siblings = read_value<std::string>(folder / "topology" / "thread_siblings_list")) {
    const std::string_view text = *siblings;
    if (const auto first = to_integer<int>(text.substr(0, text.find_first_of(",-")))) cpu.core = *first;
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("node")) continue;
    if (const auto node = to_integer<int>(std::string_view(name).substr(4))) cpu.numa_node = *node;
  }
  return cpu;
}

void read_quota(CpuShare& share, const std::filesystem::path& self, const std::filesystem::path& cgroups) {
  std::ifstream stream(self);
  std::string line;
  while (std::getline(stream, line)) {  // "0::/a/b", or in version 1 "4:cpu,cpuacct:/a/b"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_v2 = controllers == ",,";
    if (!is_v2 && controllers.find(",cpu,") == controllers.npos) continue;
    const auto root = is_v2 ? cgroups : cgroups / "cpu";
    std::filesystem::path group = std::filesystem::path(line.substr(second + 1)).relative_path();
    for (;; group = group.parent_path()) {
      const auto folder = group.empty() ? root : root / group;
      tighten(share, is_v2 ? quota_of_v2(folder) : quota_of_v1(folder), group.string());
      if (group.empty()) break;
    }
  }
}

CpuShare own_cpu_share() {
  CpuShare share;
  for (const int number : own_mask()) share.cpus.push_back(describe_cpu(number, "/sys/devices/system"));
  read_quota(share, "/proc/self/cgroup", "/sys/fs/cgroup");
  const auto given = to_integer<int>(environment("SLURM_CPUS_ON_NODE").value_or(""));
  if (given && *given > 0) share.job_cpus = given;
  share.online = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  return share;
}

std::vector<CpuBinding> divide_cpus(const std::vector<CpuShare>& shares, std::optional<int> cpus_per_worker,
                                    const NodeWorkers& workers) {
  std::vector<CpuBinding> bindings(shares.size());
  std::map<int, int> holders;  // of each CPU
  for (const CpuShare& share : shares) {
    for (const Cpu& cpu : share.cpus) ++holders[cpu.number];
  }
  std::set<Cpu, ByPlace> common;
  std::vector<std::size_t> dividing;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto& cpus = shares[i].cpus;
    const bool own =
        std::all_of(cpus.begin(), cpus.end(), [&](const Cpu& c) { return holders[c.number] == 1; });
    if (!own) {
      dividing.push_back(i);
      common.insert(cpus.begin(), cpus.end());
      continue;
    }
    std::vector<Cpu> mine = cpus;
    const auto has = static_cast<int>(mine.size());
    if (cpus_per_worker && has > 0 && *cpus_per_worker > has) {
      bindings[i].problem = own_too_small(workers, i, *cpus_per_worker, has);
    } else if (cpus_per_worker && has > 0) {
      mine.resize(static_cast<std::size_t>(*cpus_per_worker));
    }
    bindings[i].cpus = numbers(mine);
    bindings[i].threads = std::max(1, static_cast<int>(mine.size()));
  }

  const std::vector<Cpu> all(common.begin(), common.end());
  const std::size_t count = dividing.size();
  const auto each = static_cast<std::size_t>(cpus_per_worker.value_or(0));
  const bool enough = each * count <= all.size();
  const auto blocks = all.size() >= count && count > 0 ? parts(all, count) : std::vector<std::vector<Cpu>>();
  for (std::size_t i = 0; i < count; ++i) {
    CpuBinding& binding = bindings[dividing[i]];
    if (!enough) {
      binding.problem = node_too_small(workers, count, *cpus_per_worker, static_cast<int>(all.size()));
    }
    std::vector<Cpu> mine = blocks.empty() ? all : blocks[i];
    if (cpus_per_worker && enough) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * (all.size() / count));
      mine.assign(begin, begin + *cpus_per_worker);
    }
    binding.shared = blocks.empty();
    binding.threads = binding.shared ? 1 : static_cast<int>(mine.size());
    binding.cpus = numbers(mine);
  }

  for (std::size_t i = 0; i < shares.size(); ++i) {
    CpuBinding& binding = bindings[i];
    const auto allowed = allowance(shares, i);
    if (!allowed || *allowed >= binding.threads || shares[i].cpus.empty()) continue;
    if (cpus_per_worker && binding.problem.empty()) {
      const std::size_t sharers = shares.size();
      binding.problem =
          node_too_small(workers, sharers, *cpus_per_worker, *allowed * static_cast<int>(sharers));
    }
    binding.threads = *allowed;
    const bool divides = std::find(dividing.begin(), dividing.end(), i) != dividing.end();
    binding.cpus = numbers(divides ? all : shares[i].cpus);
    binding.shared = divides && count > 1;
  }
  return bindings;
}

std::string cpu_list_text(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ",", cpus[i]);
    if (end - i > 1) text += fmt::format("-{}", cpus[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace coppice
