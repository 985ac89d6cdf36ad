#include "cluster/bind_devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace coppice {
namespace {

constexpr double kTolerance = 1e-9;  // thirds and the like shall fill a device

std::set<std::string> keys(const std::vector<Device>& devices) {
  std::set<std::string> result;
  for (const Device& device : devices) result.insert(device.key());
  return result;
}

/// Rounded down, so that it fits: as many workers on each device as the fullest one gets.
std::string share_text(std::size_t workers, std::size_t devices) {
  const double per_device = std::ceil(static_cast<double>(workers) / static_cast<double>(devices));
  return fmt::format("{:.3g}", std::floor(1000.0 / per_device) / 1000.0);
}

std::string gpus_text(double count) {
  return fmt::format("{} GPU{}", count, count > 1 ? "s" : "");
}

std::string all_want(const NodeWorkers& workers, std::size_t count, double gpus_per_worker) {
  return fmt::format("{} want{} {}{}", workers.text(count), count == 1 ? "s" : "", gpus_text(gpus_per_worker),
                     count == 1 ? "" : " each");
}

/// Why worker `unlucky` got nothing. `holders`: who was given which device before it.
std::string too_few(const std::vector<std::vector<Device>>& seen, double gpus_per_worker,
                    const NodeWorkers& workers, std::size_t unlucky,
                    const std::map<std::string, std::vector<std::size_t>>& holders) {
  std::set<std::string> all;
  for (const auto& devices : seen) all.merge(keys(devices));
  const std::set<std::string> own = keys(seen[unlucky]);
  const std::string wanted = gpus_text(gpus_per_worker);
  if (all.empty()) {
    return fmt::format("{}, but no GPU is visible: ask for GPUs, or set resources.gpus_per_worker: 0",
                       all_want(workers, seen.size(), gpus_per_worker));
  }
  if (own.empty()) {
    return fmt::format(
        "{} wants {}, but sees none, while others of its node do: launch so that each rank sees "
        "its GPU, or set resources.gpus_per_worker: 0",
        workers.text_of(unlucky), wanted);
  }
  const bool same =
      std::all_of(seen.begin(), seen.end(), [&](const auto& devices) { return keys(devices) == all; });
  if (same) {
    return fmt::format(
        "{}, but {} {} visible ({}): start fewer workers per node, or set resources.gpus_per_worker: {}",
        all_want(workers, seen.size(), gpus_per_worker), all.size(), all.size() == 1 ? "is" : "are",
        fmt::join(all, ", "), share_text(seen.size(), all.size()));
  }
  std::set<std::string> takers;
  for (const std::string& key : own) {
    const auto found = holders.find(key);
    if (found == holders.end()) continue;
    for (const std::size_t worker : found->second) takers.insert(workers.text_of(worker));
  }
  if (takers.empty()) {
    return fmt::format("{} wants {}, but sees only {}: give it more, or set resources.gpus_per_worker: {}",
                       workers.text_of(unlucky), wanted, fmt::join(own, ", "), own.size());
  }
  return fmt::format(
      "{} wants {}, but sees only {}, which {} {}: give each rank its own (srun "
      "--gpus-per-task=1) or show all to each (mpirun), or set resources.gpus_per_worker: {}",
      workers.text_of(unlucky), wanted, fmt::join(own, ", "), fmt::join(takers, " and "),
      takers.size() == 1 ? "has" : "have", share_text(seen.size(), all.size()));
}

/// How many workers see each device.
std::map<std::string, int> demand(const std::vector<std::vector<Device>>& seen) {
  std::map<std::string, int> count;
  for (const auto& devices : seen) {
    for (const std::string& key : keys(devices)) ++count[key];
  }
  return count;
}

}  // namespace

std::string NodeWorkers::text(std::size_t count) const {
  if (ranks.empty()) return fmt::format("{} worker{} on this machine", count, count == 1 ? "" : "s");
  if (count == 1) return text_of(0);
  const bool in_a_row = ranks.back() - ranks.front() == static_cast<int>(ranks.size()) - 1;
  return in_a_row ? fmt::format("ranks {} to {} on {}", ranks.front(), ranks.back(), node)
                  : fmt::format("ranks {} on {}", fmt::join(ranks, ", "), node);
}

std::string NodeWorkers::text_of(std::size_t worker) const {
  return ranks.empty() ? fmt::format("worker {} on this machine", worker)
                       : fmt::format("rank {} on {}", ranks[worker], node);
}

std::vector<DeviceBinding> bind_devices(const std::vector<std::vector<Device>>& seen, double gpus_per_worker,
                                        const NodeWorkers& workers) {
  std::vector<DeviceBinding> bindings(seen.size());
  if (gpus_per_worker == 0) return bindings;
  const bool is_whole = gpus_per_worker >= 1 && gpus_per_worker == std::floor(gpus_per_worker);
  if (!is_whole && !(gpus_per_worker > 0 && gpus_per_worker < 1)) {
    for (DeviceBinding& binding : bindings) {
      binding.problem =
          fmt::format("resources.gpus_per_worker is {}: it must be 0, a whole number, or a fraction below 1",
                      gpus_per_worker);
    }
    return bindings;
  }

  std::map<std::string, double> used;
  std::map<std::string, std::vector<std::size_t>> holders;
  std::map<std::string, int> wanted_by = demand(seen);
  const double share = std::min(gpus_per_worker, 1.0);
  const auto wanted = static_cast<std::size_t>(std::ceil(gpus_per_worker));
  // Those with little choice first; where all see the same, it is the order of the local ranks.
  std::vector<std::size_t> order(seen.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return seen[a].size() < seen[b].size(); });
  for (const std::size_t worker : order) {
    std::vector<Device> free;
    for (const Device& device : seen[worker]) {
      if (used[device.key()] + share <= 1.0 + kTolerance) free.push_back(device);
    }
    DeviceBinding& binding = bindings[worker];
    if (free.size() < wanted) {
      binding.problem = too_few(seen, gpus_per_worker, workers, worker, holders);
      continue;
    }
    std::stable_sort(free.begin(), free.end(), [&](const Device& a, const Device& b) {
      return std::pair(used[a.key()], wanted_by[a.key()]) < std::pair(used[b.key()], wanted_by[b.key()]);
    });
    free.resize(wanted);
    for (const Device& device : free) {
      used[device.key()] += share;
      holders[device.key()].push_back(worker);
    }
    binding.devices = std::move(free);
  }
  return bindings;
}

}  // namespace coppice
