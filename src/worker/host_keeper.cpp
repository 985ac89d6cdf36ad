#include "worker/host_keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <vector>

#include "worker/become_host.hpp"
#include "worker/child_process.hpp"
#include "worker/process_tree.hpp"
#include "worker/spawner_process.hpp"

namespace coppice {
namespace {

constexpr int kMemoryInterval_ms = 500;
constexpr int kFarewell_ms = 2000;  // for killed processes to be gone: one may hang in the kernel
constexpr int kPause_ms = 5;

class Keeper {
 public:
  Keeper(const nlohmann::json& request, KeptHost host)
      : channel_(std::move(host.channel)),
        lifeline_(std::move(host.lifeline)),
        memory_limit_bytes_(request.value("memory_limit_bytes", std::int64_t{0})) {
    start(request, host.socket.get(), host.output.get());
    host.socket.reset();  // the host's alone, so that it can end the connection
    host.output.reset();
  }

  /// Until the host is over.
  void serve(int signals);

 private:
  void start(const nlohmann::json& request, int socket, int output);
  void on_started();
  void on_channel();
  void look_at_memory();
  bool reap();
  void kill_all(ChildNews::Cause cause);
  void end_the_rest();
  void tell(ChildNews news) const;

  UniqueFd channel_;
  UniqueFd lifeline_;
  UniqueFd failure_;  ///< a StartFailure comes through it, or its end: started
  std::int64_t memory_limit_bytes_;
  pid_t host_ = 0;
  bool failed_ = false;  ///< it never became the program
  ChildNews over_{ChildNews::kExited};
};

void Keeper::tell(ChildNews news) const {
  ::send(channel_.get(), &news, sizeof news, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Keeper::start(const nlohmann::json& request, int socket, int output) {
  std::array<int, 2> ends{-1, -1};
  const pid_t keeper = ::getpid();
  if (::pipe2(ends.data(), O_CLOEXEC) == 0) host_ = ::fork();
  if (host_ == 0 && ends[1] >= 0) become_host(request, socket, output, ends[1], keeper);
  const int error = errno;
  failure_.reset(ends[0]);
  if (ends[1] >= 0) ::close(ends[1]);
  if (host_ <= 0) {
    tell({ChildNews::kNotStarted, error, StartFailure::kDescriptors});
    ::_exit(1);
  }
  ::setpgid(host_, host_);  // in both processes, so that neither has to wait for the other
}

void Keeper::on_started() {
  if (!failure_) return;
  StartFailure failure;
  const ssize_t count = ::read(failure_.get(), &failure, sizeof failure);
  failed_ = count == static_cast<ssize_t>(sizeof failure);
  tell(failed_ ? ChildNews{ChildNews::kNotStarted, failure.error, failure.stage}
               : ChildNews{ChildNews::kStarted, host_});
  failure_.reset();
}

void Keeper::on_channel() {
  unsigned char number = 0;
  const ssize_t count = ::recv(channel_.get(), &number, 1, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count != 1 || number == SIGKILL) {
    kill_all(ChildNews::kOrdered);
    if (count != 1) channel_.reset();  // its owner is gone
  } else {
    ::kill(-host_, number);
  }
}

/// The cheap sum is looked at first: the exact one walks through all pages.
void Keeper::look_at_memory() {
  const auto tree = descendants_of(::getpid());
  std::int64_t bytes = resident_bytes(tree, true);
  if (bytes > memory_limit_bytes_) bytes = resident_bytes(tree, false);
  over_.peak_bytes = std::max(over_.peak_bytes, bytes);
  if (bytes > memory_limit_bytes_) kill_all(ChildNews::kMemory);
}

/// Only while the host has not been reaped: its group's number can't be taken by anybody else as long.
void Keeper::kill_all(ChildNews::Cause cause) {
  if (over_.cause == ChildNews::kItself) over_.cause = cause;
  ::kill(-host_, SIGKILL);
  for (const pid_t process : descendants_of(::getpid())) ::kill(process, SIGKILL);
}

/// Whether the host is over.
bool Keeper::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return false;
    if (info.si_pid != host_) {
      ::waitpid(info.si_pid, nullptr, 0);  // an orphan
      continue;
    }
    ::kill(-host_, SIGKILL);
    rusage usage{};
    ::wait4(host_, &over_.value, 0, &usage);
    over_.peak_bytes = std::max(over_.peak_bytes, std::int64_t{usage.ru_maxrss} * 1024);
    return true;
  }
}

/// What it started and left behind would go on holding the device and the memory.
void Keeper::end_the_rest() {
  for (int waited_ms = 0; waited_ms < kFarewell_ms; waited_ms += kPause_ms) {
    for (const pid_t process : descendants_of(::getpid())) ::kill(process, SIGKILL);
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG);
    } while (reaped > 0);
    if (reaped < 0 && errno == ECHILD) return;
    ::poll(nullptr, 0, kPause_ms);
  }
}

void Keeper::serve(int signals) {
  for (bool over = false; !over;) {
    std::array<pollfd, 4> waits{pollfd{failure_.get(), POLLIN, 0},
                                {channel_.get(), POLLIN, 0},
                                {lifeline_.get(), POLLIN, 0},
                                {signals, POLLIN, 0}};  // negative: passed over
    const int count = ::poll(waits.data(), waits.size(), memory_limit_bytes_ > 0 ? kMemoryInterval_ms : -1);
    if (waits[0].revents != 0) on_started();
    if (waits[1].revents != 0) on_channel();
    if (waits[2].revents != 0) {
      kill_all(ChildNews::kOrdered);
      lifeline_.reset();
      channel_.reset();  // its end says that the spawner is gone
    }
    if (waits[3].revents != 0) {
      signalfd_siginfo info;
      while (::read(signals, &info, sizeof info) > 0) {
      }
      over = reap();
    }
    if (count >= 0 && !over && memory_limit_bytes_ > 0) look_at_memory();
  }
  on_started();  // had it not been told yet
  end_the_rest();
  if (!failed_) tell(over_);
}

}  // namespace

void keep_host(const nlohmann::json& request, KeptHost host) {
  ::prctl(PR_SET_NAME, "coppice-keeper");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  close_descriptors(
      3, std::array{host.channel.get(), host.socket.get(), host.output.get(), host.lifeline.get()});
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGCHLD);
  const UniqueFd signals(::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
  Keeper(request, std::move(host)).serve(signals.get());
  ::_exit(0);
}

}  // namespace coppice
