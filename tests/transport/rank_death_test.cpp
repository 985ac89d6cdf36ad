// A rank is killed while messages to and from it are under way. The survivors give it up, go on and end by
// themselves. Run under `mpirun --enable-recovery`, whose exit status says nothing: rank 0 prints the
// verdict.
#include <signal.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <optional>

#include "transport/mpi.hpp"

namespace {

using coppice::Message;
using coppice::MpiTransport;

constexpr std::uint32_t kAlive = 1;
constexpr std::uint32_t kChunk = 2;
constexpr std::uint32_t kPing = 3;
constexpr std::uint32_t kPong = 4;
constexpr std::uint32_t kSurvived = 5;

/// Bounds the test; what it checks doesn't depend on it.
constexpr std::chrono::seconds kLimit{60};

std::optional<Message> wait_for(MpiTransport& transport, std::uint32_t type, int from) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (std::chrono::steady_clock::now() < limit) {
    if (auto message = transport.receive()) {
      if (message->type == type && message->from == from) return message;
      continue;
    }
    const timespec pause{0, static_cast<long>(transport.poll_interval_s() * 1e9)};
    nanosleep(&pause, nullptr);
  }
  std::printf("rank %d waited in vain for %u from %d\n", transport.rank(), type, from);
  return std::nullopt;
}

bool survive(MpiTransport& transport) {
  constexpr int kVictim = 2;
  if (!wait_for(transport, kAlive, kVictim)) return false;
  // Far more than the network can hold for a rank that doesn't receive it any more.
  for (int i = 0; i < 4; ++i) transport.send(kVictim, kChunk, std::vector<std::byte>(std::size_t{8} << 20));
  transport.send(kVictim, kPing, {});

  // The survivors' own talk isn't held up by it, before the victim is given up and after.
  const int other = 1 - transport.rank();
  for (int round = 0; round < 200; ++round) {
    if (round == 100) {
      if (transport.unsent_bytes(kVictim) == 0) return false;
      transport.abandon(kVictim);
      if (transport.unsent_bytes(kVictim) != 0) return false;
    }
    if (transport.rank() == 0) {
      transport.send(other, kPing, std::vector<std::byte>(static_cast<std::size_t>(round) * 1000));
      if (!wait_for(transport, kPong, other)) return false;
    } else {
      auto ping = wait_for(transport, kPing, other);
      if (!ping) return false;
      transport.send(other, kPong, std::move(ping->body));
    }
  }
  transport.send(other, kSurvived, {});
  return wait_for(transport, kSurvived, other).has_value();
}

}  // namespace

int main() {
  coppice::MpiSession session;
  if (session.size() != 3) {
    std::printf("run me on three ranks\n");
    return 1;
  }
  bool survived = false;
  {
    MpiTransport transport(session);
    if (transport.rank() == 2) {
      // A long message is announced to each survivor and never delivered.
      for (int to = 0; to < 2; ++to) transport.send(to, kAlive, {});
      for (int to = 0; to < 2; ++to)
        transport.send(to, kChunk, std::vector<std::byte>(std::size_t{32} << 20));
      const timespec pause{0, 200000000};
      nanosleep(&pause, nullptr);
      raise(SIGKILL);
    }
    survived = survive(transport);
  }
  // The dead rank can't come: the session must notice and not hang.
  const bool finalized = session.close(1.0);
  if (session.rank() == 0) {
    std::printf(survived && !finalized ? "2 survivors went on\n" : "a survivor was held up\n");
    std::fflush(stdout);
  }
  return 0;
}
