#include "cluster/signals.hpp"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace coppice {
namespace {

constexpr int kInterruptedStatus = 130;

// A handler has no argument of ours. All are lock-free, as a handler needs.
std::atomic<int> event_fd{-1};
std::atomic<std::uint64_t> arrived{0};  ///< one bit per signal number
std::atomic<std::int64_t> first_interrupt_ns{0};
std::atomic<std::int64_t> again_after_ns{0};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1000000000} + now.tv_nsec;
}

void notify() {
  const std::uint64_t one = 1;
  // It fails only where the counter is full: then the descriptor is readable already.
  [[maybe_unused]] const ssize_t written = write(event_fd.load(), &one, sizeof one);
}

extern "C" void on_signal(int number) {
  const int error = errno;
  if (number == SIGINT) {
    const std::int64_t now = now_ns();
    std::int64_t first = 0;
    if (!first_interrupt_ns.compare_exchange_strong(first, now) && now - first >= again_after_ns.load()) {
      _exit(kInterruptedStatus);
    }
  }
  arrived.fetch_or(std::uint64_t{1} << number);
  notify();
  errno = error;
}

}  // namespace

StopSignals::StopSignals(double again_after_s) {
  if (event_fd.load() != -1) {
    std::fprintf(stderr, "coppice: internal error: two StopSignals at the same time\n");
    std::abort();
  }
  fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "no file descriptor for signals");
  event_fd = fd_;
  arrived = 0;
  first_interrupt_ns = 0;
  again_after_ns = static_cast<std::int64_t>(again_after_s * 1e9);

  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    sigemptyset(&action.sa_mask);
    // Other threads' writes to files shouldn't have to know of it.
    action.sa_flags = SA_RESTART;
    action.sa_handler = kSignals[i] == SIGPIPE || kSignals[i] == SIGXFSZ ? SIG_IGN : on_signal;
    sigaction(kSignals[i], &action, &previous_[i]);
  }
}

std::string stop_signal_name(int number) {
  switch (number) {
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGINT:
      return "SIGINT";
    default:
      return "signal " + std::to_string(number);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous_[i], nullptr);
  event_fd = -1;
  close(fd_);
}

std::optional<int> StopSignals::take() {
  // Drained first: a signal that comes in between makes it readable again.
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = read(fd_, &count, sizeof count);
  for (const int number : kSignals) {
    const std::uint64_t bit = std::uint64_t{1} << number;
    if ((arrived.fetch_and(~bit) & bit) == 0) continue;
    if (arrived.load() != 0) notify();
    return number;
  }
  return std::nullopt;
}

}  // namespace coppice
