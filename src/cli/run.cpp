// `coppice run`: under a launcher on the ranks it finds, else with local workers in this process.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/clock.hpp"
#include "cli/commands.hpp"
#include "cli/lead.hpp"
#include "cli/opening.hpp"
#include "cli/places.hpp"
#include "cluster/allotment.hpp"
#include "cluster/launcher.hpp"
#include "cluster/signals.hpp"
#include "cluster/start_limit.hpp"
#include "spec/spec_error.hpp"
#include "transport/loopback.hpp"
#include "transport/mpi.hpp"
#include "wire/bytes.hpp"
#include "worker/worker.hpp"

namespace coppice {
namespace {

constexpr double kLongestSleep_s = 0.1;
constexpr double kCloseLimit_s = 10;
/// Of what is still to be sent where some ranks are lost: what is meant for them never leaves.
constexpr double kLostCloseLimit_s = 1;
/// Other ranks wait longer: rank 0 may still write results, and an early end of theirs would make mpirun end
/// it too.
constexpr double kReleaseLimit_s = 300;

/// One rank of this process and what works there; worker is null on a dedicated coordinator.
struct Rank {
  Transport* transport = nullptr;
  std::unique_ptr<Worker> worker;
  std::optional<Release> release = {};  ///< rank 0 said that this one may leave
};

void sleep_until_something(const std::vector<Rank>& ranks, const Lead* lead, const StopSignals& signals) {
  std::vector<pollfd> waiting{{signals.fd(), POLLIN, 0}};
  if (lead != nullptr) {
    for (const int fd : lead->fds()) waiting.push_back({fd, POLLIN, 0});  // -1 is passed over
  }
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
      } else if (message->type == static_cast<std::uint32_t>(MessageType::kRelease)) {
        rank.release = from_bytes<Release>(message->body);
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

/// The coordinator waits for its own process's workers as for all others, and not beyond the end of the
/// allocation.
bool all_over(const std::vector<Rank>& ranks, const Lead* lead) {
  if (lead != nullptr) return lead->over();
  return std::all_of(ranks.begin(), ranks.end(),
                     [](const Rank& rank) { return !rank.worker || rank.worker->exit_status(); });
}

template <class T>
void tell_all(Transport& transport, MessageType type, const T& body) {
  for (int rank = 0; rank < transport.size(); ++rank) {
    transport.send(rank, static_cast<std::uint32_t>(type), to_bytes(body));
  }
}

/// Rank 0, when everything is durable. A rank that is lost can't take what is sent to it.
void release_all(Transport& transport, bool all_here) {
  tell_all(transport, MessageType::kRelease, Release{all_here});
  const double until_s = steady_s() + (all_here ? kCloseLimit_s : kLostCloseLimit_s);
  while (!transport.idle() && steady_s() < until_s) {
    transport.receive();
    ::usleep(1000);
  }
}

/// What a working rank does when its worker is over. Nothing where rank 0 says nothing more.
std::optional<Release> wait_for_release(std::vector<Rank>& ranks) {
  Rank& own = ranks.front();
  own.worker.reset();
  const double until_s = steady_s() + kReleaseLimit_s;
  while (!own.release && steady_s() < until_s) {
    turn(ranks, nullptr);
    ::usleep(1000);
  }
  return own.release;
}

void run_until_over(std::vector<Rank>& ranks, Lead* lead, StopSignals& signals) {
  for (;;) {
    turn(ranks, lead);
    while (const auto number = signals.take()) {
      // Under mpirun every rank gets it; the coordinator alone decides.
      if (lead != nullptr) lead->stop_for(stop_signal_name(*number), steady_s());
    }
    if (all_over(ranks, lead)) return;
    sleep_until_something(ranks, lead, signals);
  }
}

int run_local_workers(const RunOptions& options, Lead& lead, Spawner& spawner, StopSignals& signals) {
  if (lead.nothing_to_do()) return lead.end_at_once();
  const Placement here = place_local_workers(lead.spec().resources, options.workers, own_allotment());
  require_good(here);
  const auto workers = static_cast<int>(here.ranks.size());
  LoopbackNetwork network(workers);
  std::vector<Rank> ranks;
  RepeatedHost first = lead.start_first_host(here.ranks.front().place, signals);
  for (int i = 0; i < workers; ++i) {
    const WorkerPlace& place = here.ranks[static_cast<std::size_t>(i)].place;
    auto worker = i == 0 ? std::make_unique<Worker>(network.endpoint(i), spawner, place, std::move(first))
                         : std::make_unique<Worker>(network.endpoint(i), spawner, place);
    ranks.push_back({&network.endpoint(i), std::move(worker)});
  }
  lead.await_explorer(signals);
  lead.begin(network.endpoint(0), workers, steady_s());
  for (const Rank& rank : ranks) rank.worker->start(steady_s());
  run_until_over(ranks, &lead, signals);
  return lead.end(steady_s());
}

int run_local(const RunOptions& options, Spawner& spawner) {
  StopSignals signals;
  Conclusion conclusion(options.outcome);
  std::unique_ptr<Lead> lead;  // its directory is ours until it is told how the run ended
  try {
    lead = std::make_unique<Lead>(options, spawner, conclusion);
    return run_local_workers(options, *lead, spawner, signals);
  } catch (...) {
    conclusion.tell(std::current_exception());
    throw;
  }
}

int run_coordinating_rank(Lead& lead, const WorkerPlace* place, Spawner& spawner, Transport& transport,
                          StopSignals& signals, Conclusion& conclusion) {
  try {
    std::vector<Rank> ranks;
    ranks.push_back({&transport, place ? std::make_unique<Worker>(transport, spawner, *place,
                                                                  lead.start_first_host(*place, signals))
                                       : nullptr});
    lead.await_explorer(signals);
    lead.begin(transport, transport.size() - (place ? 0 : 1), steady_s());
    if (place) ranks[0].worker->start(steady_s());
    run_until_over(ranks, &lead, signals);
    const int status = lead.end(steady_s());
    release_all(transport, lead.all_here());
    return status;
  } catch (...) {
    tell_all(transport, MessageType::kShutdown, Shutdown{1});
    conclusion.tell(std::current_exception());
    release_all(transport, lead.all_here());
    throw;
  }
}

/// Works until rank 0 lets it go; nothing where rank 0 is gone.
std::optional<Release> run_working_rank(const RankPlace& here, double patience_s, Spawner& spawner,
                                        Transport& transport, StopSignals& signals) {
  std::vector<Rank> ranks;
  ranks.push_back({&transport, std::make_unique<Worker>(transport, spawner, here.place)});
  Worker& worker = *ranks.front().worker;
  worker.start(steady_s(), patience_s);
  if (!here.set_aside.empty()) worker.leave(here.set_aside, steady_s());
  try {
    run_until_over(ranks, nullptr, signals);
  } catch (const std::exception& error) {
    worker.leave(fmt::format("its rank failed: {}", error.what()), steady_s());
    run_until_over(ranks, nullptr, signals);
  }
  if (worker.orphaned()) return std::nullopt;
  return wait_for_release(ranks);
}

/// Everything that rank 0 can find wrong before the others are needed.
std::unique_ptr<Lead> open_lead(const RunOptions& options, Spawner& spawner, Conclusion& conclusion,
                                int size) {
  if (options.workers)
    throw UserError("--workers is for runs without a launcher; here each rank is a worker");
  auto lead = std::make_unique<Lead>(options, spawner, conclusion);
  if (lead->spec().dedicated_coordinator && size == 1) {
    throw UserError(
        "coordinator: dedicated needs a second rank to do the work; start more ranks or leave it out");
  }
  return lead;
}

int run_ranks(const RunOptions& options, Spawner& spawner) {
  StopSignals signals;
  std::optional<StartLimit> start_limit(std::in_place);
  MpiSession session;
  std::optional<Conclusion> conclusion;  // of rank 0
  std::unique_ptr<Lead> lead;
  std::exception_ptr mistake;
  Opening opening;
  if (session.rank() == 0) {
    try {
      conclusion.emplace(options.outcome);
      lead = open_lead(options, spawner, *conclusion, session.size());
      opening = {!lead->nothing_to_do(), lead->spec().dedicated_coordinator, lead->spec().resources,
                 lead->spec().timeouts.startup_s + 2 * lead->spec().timeouts.worker_s};
    } catch (...) {
      mistake = std::current_exception();
    }
  }
  const auto told = session.gather(opening.text() + encode(own_allotment()));
  start_limit.reset();
  opening = Opening::parse(told[0]);
  // Every rank looks at the places of all, so that all find the same mistake.
  Placement placement;
  try {
    if (opening.run) placement = place_ranks(session.ranks(), told);
    require_good(placement);
  } catch (...) {
    mistake = std::current_exception();
    opening.run = false;
  }
  int status = 0;  // of ranks other than 0: anything else would make mpirun end rank 0 while it writes
  bool all_here = true;
  if (opening.run) {
    if (lead) tell_of(placement);
    MpiTransport transport(session);
    const RankPlace& here = placement.ranks[static_cast<std::size_t>(session.rank())];
    try {
      if (lead) {
        status = run_coordinating_rank(*lead, here.works && here.set_aside.empty() ? &here.place : nullptr,
                                       spawner, transport, signals, *conclusion);
      } else {
        const auto release = run_working_rank(here, opening.patience_s, spawner, transport, signals);
        all_here = release && release->all_here;
        if (!release) status = 1;  // rank 0 is gone
      }
    } catch (const std::exception& error) {
      if (lead) {
        mistake = std::current_exception();
      } else {
        fmt::print(stderr, "coppice: rank {} on {}: {}\n", session.rank(), here.place.host, error.what());
        std::_Exit(1);  // which ends the run: mpirun ends the other ranks, and running it again resumes
      }
    }
  } else if (lead && !mistake) {
    status = lead->end_at_once();
  }
  if (mistake && conclusion) conclusion->tell(mistake);
  // Without all ranks MPI can't be finalized: nobody waits for those that don't come.
  if (lead) all_here = lead->all_here();
  lead.reset();  // the directory is free, however long it takes the other ranks to come to their end
  session.close(!all_here ? 0 : session.rank() == 0 ? kCloseLimit_s : kReleaseLimit_s);
  if (mistake && session.rank() == 0) std::rethrow_exception(mistake);
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
