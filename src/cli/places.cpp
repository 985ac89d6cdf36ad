#include "cli/places.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "cli/clock.hpp"
#include "cli/commands.hpp"
#include "cli/stopped_early.hpp"
#include "cluster/bind_devices.hpp"
#include "cluster/cpus.hpp"
#include "cluster/nvml.hpp"
#include "worker/memory_gate.hpp"

namespace coppice {
namespace {

/// Share of the machine's memory for checkpoints; past it they live on disk only.
constexpr double kCheckpointMemoryShare = 0.25;

std::vector<DeviceReading> read_devices(const std::vector<std::string>& uuids) {
  std::vector<DeviceReading> readings;
  for (const std::string& uuid : uuids) {
    if (auto memory = device_memory(uuid)) {
      readings.push_back({uuid, memory->free_bytes, memory->total_bytes, std::move(memory->pids)});
    }
  }
  return readings;
}

std::vector<std::string> probe_command() {
  return {std::filesystem::read_symlink("/proc/self/exe").string(), "probe-device"};
}

/// What the place says about its devices.
void take_devices(RankPlace& rank, const ResourceSpec& resources, std::vector<Device> devices,
                  bool node_has_devices) {
  WorkerPlace& place = rank.place;
  std::vector<std::string> uuids;
  for (const Device& device : devices) {
    place.visible_device += (place.visible_device.empty() ? "" : ",") + device.visible_as;
    place.device_uuid += (place.device_uuid.empty() ? "" : ",") + device.uuid;
    if (place.device_name.empty()) place.device_name = device.name;
    if (!device.uuid.empty()) uuids.push_back(device.uuid);
  }
  if (node_has_devices) place.environment = device_environment(devices);
  // Without an identity there was no driver to ask, and there is none to try.
  if (!uuids.empty()) {
    place.gpu_memory_bytes = resources.gpu_memory_bytes.value_or(0);
    place.read_devices = [uuids] { return read_devices(uuids); };
    place.probe_command = probe_command();
  }
  rank.devices = std::move(devices);
}

/// The ranks of one node, and what each of them is allowed.
struct NodeShares {
  std::vector<std::size_t> ranks;
  NodeWorkers workers;
  std::vector<std::vector<Device>> devices;
  std::vector<int> slurm_devices;
  std::vector<CpuShare> cpus;

  bool has_devices() const {
    return std::any_of(devices.begin(), devices.end(), [](const auto& seen) { return !seen.empty(); });
  }
};

/// In the order of the nodes' numbers; without ranks that don't work.
std::map<int, NodeShares> group(const std::vector<RankInfo>& infos, const std::vector<Allotment>& allotments,
                                const std::vector<RankPlace>& places, bool launched) {
  std::map<int, NodeShares> nodes;
  for (std::size_t rank = 0; rank < infos.size(); ++rank) {
    if (!places[rank].works) continue;
    NodeShares& node = nodes[infos[rank].node];
    node.ranks.push_back(rank);
    node.workers.node = infos[rank].host;
    if (launched) node.workers.ranks.push_back(static_cast<int>(rank));
    node.devices.push_back(allotments[rank].devices);
    node.slurm_devices.push_back(allotments[rank].slurm_devices);
    node.cpus.push_back(allotments[rank].cpus);
  }
  return nodes;
}

void add_problem(Placement& placement, const std::string& problem) {
  auto& problems = placement.problems;
  if (problem.empty() || std::find(problems.begin(), problems.end(), problem) != problems.end()) return;
  problems.push_back(problem);
}

void give_devices(Placement& placement, const ResourceSpec& resources, NodeShares& node,
                  double gpus_per_worker) {
  const bool had = node.has_devices();
  const auto before = node.devices;
  tell_devices_apart(node.devices, node.slurm_devices);
  if (node.devices != before) {
    placement.notes.push_back(fmt::format(
        "{} see devices of the same name: taken for different ones, as Slurm gave the node's step {}",
        node.workers.text(node.ranks.size()), node.slurm_devices.front()));
  }
  auto bindings = bind_devices(node.devices, gpus_per_worker, node.workers);
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    add_problem(placement, bindings[i].problem);
    take_devices(placement.ranks[node.ranks[i]], resources, std::move(bindings[i].devices), had);
  }
}

/// A launcher that binds each rank to a core leaves most of a node idle.
std::string narrow_note(const NodeShares& node, bool launched) {
  std::vector<int> all;
  for (const CpuShare& share : node.cpus) {
    for (const Cpu& cpu : share.cpus) all.push_back(cpu.number);
  }
  std::sort(all.begin(), all.end());
  const bool own = std::adjacent_find(all.begin(), all.end()) == all.end();
  const bool few = std::all_of(node.cpus.begin(), node.cpus.end(),
                               [](const CpuShare& share) { return share.cpus.size() <= 2; });
  const int online = node.cpus.front().online;
  if (!launched || !own || !few || static_cast<int>(all.size()) >= online) return {};
  return fmt::format("{} may use {} of {} CPUs: if mpirun bound them, launch with --bind-to none",
                     node.workers.text(node.ranks.size()), all.size(), online);
}

void give_cpus(Placement& placement, const ResourceSpec& resources, const NodeShares& node, bool launched) {
  const auto bindings = divide_cpus(node.cpus, resources.cpus_per_worker, node.workers);
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    add_problem(placement, bindings[i].problem);
    RankPlace& rank = placement.ranks[node.ranks[i]];
    rank.place.cpus = bindings[i].cpus;
    rank.place.threads = bindings[i].threads;
    rank.cpus_shared = bindings[i].shared;
  }
  if (auto note = narrow_note(node, launched); !note.empty()) placement.notes.push_back(std::move(note));
}

}  // namespace

Placement place_workers(const ResourceSpec& resources, const std::vector<RankInfo>& infos,
                        const std::vector<Allotment>& allotments, bool dedicated_coordinator, bool launched) {
  Placement placement;
  placement.ranks.resize(infos.size());
  if (dedicated_coordinator && !infos.empty()) placement.ranks.front().works = false;
  auto nodes = group(infos, allotments, placement.ranks, launched);
  std::string equipped;  // a node that has devices
  for (const auto& [number, node] : nodes) {
    if (equipped.empty() && node.has_devices()) equipped = node.workers.node;
  }
  const double each = resources.gpus_per_worker.value_or(equipped.empty() ? 0 : 1);
  for (auto& [number, node] : nodes) {
    const bool lacks = each > 0 && !node.has_devices() && !equipped.empty();
    if (!lacks) give_devices(placement, resources, node, each);
    give_cpus(placement, resources, node, launched);
    for (const std::size_t rank : node.ranks) {
      RankPlace& place = placement.ranks[rank];
      place.place.host = infos[rank].host;
      place.place.memory_limit_bytes =
          static_cast<std::int64_t>(static_cast<double>(allotments[rank].memory_bytes) *
                                    kCheckpointMemoryShare / static_cast<double>(node.ranks.size()));
      if (lacks)
        place.set_aside =
            fmt::format("it sees no GPU on {}, and others on {} do", infos[rank].host, equipped);
    }
  }
  return placement;
}

Placement place_local_workers(const ResourceSpec& resources, std::optional<int> count,
                              const Allotment& allotment) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const auto devices = static_cast<int>(allotment.devices.size());
  const int workers = count.value_or(std::max(1, devices));
  std::vector<RankInfo> infos;
  for (int i = 0; i < workers; ++i) infos.push_back({i, 0, i, host.data()});
  return place_workers(resources, infos, std::vector<Allotment>(infos.size(), allotment), false, false);
}

void require_good(const Placement& placement) {
  if (!placement.problems.empty()) throw UserError(placement.problems.front());
}

void tell_of(const Placement& placement) {
  for (const std::string& note : placement.notes) fmt::print(stderr, "coppice: {}\n", note);
  for (std::size_t rank = 0; rank < placement.ranks.size(); ++rank) {
    const std::string& why = placement.ranks[rank].set_aside;
    if (!why.empty()) fmt::print(stderr, "coppice: rank {} is set aside: {}\n", rank, why);
  }
}

void wait_for_device_memory(const WorkerPlace& place, StopSignals& signals) {
  if (!place.read_devices) return;
  MemoryGate gate(place.gpu_memory_bytes, steady_s());
  for (bool told = false;; told = true) {
    switch (gate.ask(place.read_devices(), steady_s())) {
      case MemoryGate::Answer::kGo:
        return;
      case MemoryGate::Answer::kRefuse:
        throw std::runtime_error(gate.text());
      case MemoryGate::Answer::kWait:
        if (!told) fmt::print(stderr, "coppice: waiting: {}\n", gate.text());
        end_at_signal(signals, gate.next_s() - steady_s());
    }
  }
}

}  // namespace coppice
