// `coppice run`: under a launcher on the ranks it finds, else with local workers in this process.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "cli/clock.hpp"
#include "cli/commands.hpp"
#include "cli/lead.hpp"
#include "cluster/devices.hpp"
#include "cluster/launcher.hpp"
#include "cluster/signals.hpp"
#include "spec/spec_error.hpp"
#include "transport/loopback.hpp"
#include "transport/mpi.hpp"
#include "wire/bytes.hpp"
#include "worker/worker.hpp"

namespace coppice {
namespace {

constexpr double kLongestSleep_s = 0.1;
constexpr double kCloseLimit_s = 10;
/// Share of the machine's memory for checkpoints; past it they live on disk only.
constexpr double kCheckpointMemoryShare = 0.25;

/// One rank of this process and what works there; worker is null on a dedicated coordinator.
struct Rank {
  Transport* transport = nullptr;
  std::unique_ptr<Worker> worker;
};

std::string signal_name(int number) {
  switch (number) {
    case SIGTERM: return "SIGTERM";
    case SIGUSR1: return "SIGUSR1";
    case SIGINT: return "SIGINT";
    default: return "signal " + std::to_string(number);
  }
}

std::int64_t memory_limit_bytes(int workers_on_node) {
  const auto total = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return static_cast<std::int64_t>(total * kCheckpointMemoryShare / std::max(1, workers_on_node));
}

/// The places of the workers of this node, by local rank. Throws UserError where devices don't suffice.
std::vector<WorkerPlace> places(const std::optional<double>& gpus_per_worker, const std::vector<Device>& devices, int workers) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const double each = gpus_per_worker.value_or(devices.empty() ? 0 : 1);
  const std::vector<std::vector<Device>> seen(static_cast<std::size_t>(workers), devices);
  std::vector<WorkerPlace> result;
  for (const DeviceBinding& binding : bind_devices(seen, each)) {
    if (!binding.problem.empty()) throw UserError(binding.problem);
    WorkerPlace place;
    place.host = host.data();
    place.visible_device = binding.visible_as;
    for (const Device& device : binding.devices) {
      place.device_uuid += (place.device_uuid.empty() ? "" : ",") + device.uuid;
      if (place.device_name.empty()) place.device_name = device.name;
    }
    place.memory_limit_bytes = memory_limit_bytes(workers);
    result.push_back(std::move(place));
  }
  return result;
}

void sleep_until_something(const std::vector<Rank>& ranks, const StopSignals& signals) {
  std::vector<pollfd> waiting{{signals.fd(), POLLIN, 0}};
  double sleep_s = kLongestSleep_s;
  for (const Rank& rank : ranks) {
    sleep_s = std::min(sleep_s, rank.transport->poll_interval_s());
    if (!rank.worker) continue;
    for (const int fd : rank.worker->fds()) waiting.push_back({fd, POLLIN, 0});
  }
  timespec timeout{};
  timeout.tv_nsec = static_cast<long>(sleep_s * 1e9);
  ::ppoll(waiting.data(), waiting.size(), &timeout, nullptr);
}

/// One round: all messages, then everybody's own business.
void turn(std::vector<Rank>& ranks, Lead* lead) {
  const double now_s = steady_s();
  for (Rank& rank : ranks) {
    while (const auto message = rank.transport->receive()) {
      if (is_for_coordinator(message->type)) {
        if (lead != nullptr) lead->on_message(*message, now_s);
      } else if (rank.worker) {
        rank.worker->on_message(*message, now_s);
      }
    }
  }
  for (Rank& rank : ranks) {
    if (rank.worker) rank.worker->tick(now_s);
  }
  if (lead != nullptr) lead->tick(now_s);
}

bool all_over(const std::vector<Rank>& ranks, const Lead* lead) {
  return std::all_of(ranks.begin(), ranks.end(), [](const Rank& rank) { return !rank.worker || rank.worker->exit_status(); }) &&
         (lead == nullptr || lead->over());
}

void shut_down_all(Transport& transport, int exit_status) {
  for (int rank = 0; rank < transport.size(); ++rank) {
    transport.send(rank, static_cast<std::uint32_t>(MessageType::kShutdown), to_bytes(Shutdown{exit_status}));
  }
  const double until_s = steady_s() + kCloseLimit_s;
  while (!transport.idle() && steady_s() < until_s) {
    transport.receive();
    ::usleep(1000);
  }
}

void run_until_over(std::vector<Rank>& ranks, Lead* lead, StopSignals& signals) {
  for (;;) {
    turn(ranks, lead);
    while (const auto number = signals.take()) {
      // Under mpirun every rank gets it; the coordinator alone decides.
      if (lead != nullptr) lead->stop_for(signal_name(*number), steady_s());
    }
    if (all_over(ranks, lead)) return;
    sleep_until_something(ranks, signals);
  }
}

int already_finished(const Lead& lead) {
  fmt::print("{} is finished: nothing to do. Raise its budget to go on, or look at it: coppice best {}\n", lead.spec().name,
             lead.directory().string());
  return 0;
}

int run_local(const RunOptions& options, Spawner& spawner) {
  StopSignals signals;
  Lead lead(options, spawner);
  if (lead.nothing_to_do()) return already_finished(lead);
  const auto devices = visible_devices();
  const int workers = options.workers.value_or(devices.empty() ? 1 : static_cast<int>(devices.size()));
  const auto here = places(lead.spec().resources.gpus_per_worker, devices, workers);
  LoopbackNetwork network(workers);
  std::vector<Rank> ranks;
  TrialHost first = lead.start_first_host(here.front());
  for (int i = 0; i < workers; ++i) {
    auto worker = i == 0 ? std::make_unique<Worker>(network.endpoint(i), spawner, here.front(), std::move(first))
                         : std::make_unique<Worker>(network.endpoint(i), spawner, here[static_cast<std::size_t>(i)]);
    ranks.push_back({&network.endpoint(i), std::move(worker)});
  }
  lead.begin(network.endpoint(0), workers, steady_s());
  for (const Rank& rank : ranks) rank.worker->start(steady_s());
  run_until_over(ranks, &lead, signals);
  return lead.end(steady_s());
}

int run_coordinating_rank(const RunOptions& options, Spawner& spawner, const std::vector<RankInfo>& infos, Transport& transport,
                          StopSignals& signals) {
  std::unique_ptr<Lead> lead;
  std::vector<Rank> ranks;
  try {
    if (options.workers) throw UserError("--workers is for runs without a launcher; here each rank is a worker");
    lead = std::make_unique<Lead>(options, spawner);
    if (lead->nothing_to_do()) {
      shut_down_all(transport, 0);
      return already_finished(*lead);
    }
    const bool dedicated = lead->spec().dedicated_coordinator;
    if (dedicated && transport.size() == 1) {
      throw UserError("coordinator: dedicated needs a second rank to do the work; start more ranks or leave it out");
    }
    ranks.push_back({&transport, nullptr});
    if (!dedicated) {
      const auto on_node = std::count_if(infos.begin(), infos.end(), [&](const RankInfo& info) { return info.node == infos[0].node; });
      const auto here = places(lead->spec().resources.gpus_per_worker, visible_devices(), static_cast<int>(on_node));
      const WorkerPlace& place = here[static_cast<std::size_t>(infos[0].local_rank)];
      ranks[0].worker = std::make_unique<Worker>(transport, spawner, place, lead->start_first_host(place));
    }
    lead->begin(transport, transport.size() - (dedicated ? 1 : 0), steady_s());
    if (ranks[0].worker) ranks[0].worker->start(steady_s());
    run_until_over(ranks, lead.get(), signals);
    return lead->end(steady_s());
  } catch (const std::exception& error) {
    shut_down_all(transport, 1);
    throw;
  }
}

int run_working_rank(Spawner& spawner, const std::vector<RankInfo>& infos, Transport& transport, StopSignals& signals) {
  const RankInfo& me = infos[static_cast<std::size_t>(transport.rank())];
  const auto on_node = std::count_if(infos.begin(), infos.end(), [&](const RankInfo& info) { return info.node == me.node; });
  const auto here = places(std::nullopt, visible_devices(), static_cast<int>(on_node));
  std::vector<Rank> ranks;
  ranks.push_back({&transport, std::make_unique<Worker>(transport, spawner, here[static_cast<std::size_t>(me.local_rank)])});
  ranks[0].worker->start(steady_s());
  run_until_over(ranks, nullptr, signals);
  return 0;  // rank 0's status is the run's; another one here would make mpirun end rank 0 while it writes
}

int run_ranks(const RunOptions& options, Spawner& spawner) {
  MpiSession session;
  int status = 1;
  {
    StopSignals signals;
    MpiTransport transport(session);
    status = session.rank() == 0 ? run_coordinating_rank(options, spawner, session.ranks(), transport, signals)
                                 : run_working_rank(spawner, session.ranks(), transport, signals);
  }
  session.close(kCloseLimit_s);
  return status;
}

}  // namespace

int run_command(const RunOptions& options) {
  // First of all: it forks, which must not happen after MPI_Init or once there are threads.
  Spawner spawner = Spawner::launch();
  const Launcher launcher = detect_launcher();
  if (!launcher.problem.empty()) throw UserError(launcher.problem);
  return launcher.launched ? run_ranks(options, spawner) : run_local(options, spawner);
}

}  // namespace coppice
