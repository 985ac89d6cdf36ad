// What waiting costs and what it delays: two ranks, run by hand:
//   mpirun -n 2 --bind-to none bin/poll_bench
// Prints the median round trip under load and after a silence, the share of a core that an idle wait takes,
// and the rate of a stream of 8 MiB chunks. Machine-dependent numbers: no test.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "transport/mpi.hpp"

namespace {

using coppice::Message;
using coppice::MpiTransport;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kPing = 1;
constexpr std::uint32_t kChunk = 2;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void sleep_s(double duration_s) {
  const auto whole = static_cast<time_t>(duration_s);
  const timespec duration{whole, static_cast<long>((duration_s - static_cast<double>(whole)) * 1e9)};
  nanosleep(&duration, nullptr);
}

Message wait(MpiTransport& transport) {
  while (true) {
    if (auto message = transport.receive()) return std::move(*message);
    sleep_s(transport.poll_interval_s());
  }
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void round_trips(MpiTransport& transport, const char* what, int rounds, double silence_s) {
  std::vector<double> times_s;
  for (int i = 0; i < rounds; ++i) {
    if (transport.rank() == 0) {
      const auto quiet = Clock::now();
      while (seconds_since(quiet) < silence_s) {
        transport.receive();
        sleep_s(transport.poll_interval_s());
      }
      const auto start = Clock::now();
      transport.send(1, kPing, {});
      wait(transport);
      times_s.push_back(seconds_since(start));
    } else {
      wait(transport);
      transport.send(0, kPing, {});
    }
  }
  if (transport.rank() == 0) std::printf("round trip, %s: %.3f ms\n", what, 1e3 * median(times_s));
}

void idle(MpiTransport& transport) {
  const double before_s = cpu_s();
  const auto start = Clock::now();
  while (seconds_since(start) < 5.0) {
    transport.receive();
    sleep_s(transport.poll_interval_s());
  }
  if (transport.rank() == 0) {
    std::printf("idle wait: %.1f %% of a core\n", 100.0 * (cpu_s() - before_s) / seconds_since(start));
  }
}

void stream(MpiTransport& transport) {
  constexpr int kChunks = 64;
  constexpr std::size_t kChunkBytes = std::size_t{8} << 20;
  const auto start = Clock::now();
  if (transport.rank() == 0) {
    int sent = 0;
    // The answer comes when all of it has arrived.
    while (!transport.receive()) {
      while (sent < kChunks && transport.unsent_bytes(1) < 2 * kChunkBytes) {
        transport.send(1, kChunk, std::vector<std::byte>(kChunkBytes));
        ++sent;
      }
      sleep_s(transport.poll_interval_s());
    }
    std::printf("stream: %.2f GB/s\n",
                kChunks * static_cast<double>(kChunkBytes) / seconds_since(start) / 1e9);
  } else {
    for (int received = 0; received < kChunks; ++received) wait(transport);
    transport.send(0, kPing, {});
    while (!transport.idle()) transport.receive();
  }
}

}  // namespace

int main() {
  coppice::MpiSession session;
  if (session.size() != 2) {
    std::fprintf(stderr, "run me on two ranks\n");
    return 2;
  }
  {
    MpiTransport transport(session);
    round_trips(transport, "one after the other", 2000, 0.0);
    round_trips(transport, "after 200 ms of silence", 30, 0.2);
    idle(transport);
    stream(transport);
    while (!transport.idle()) transport.receive();
  }
  return session.close(10.0) ? 0 : 1;
}
