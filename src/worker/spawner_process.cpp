#include "worker/spawner_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "worker/child_process.hpp"
#include "worker/frame_socket.hpp"
#include "worker/host_keeper.hpp"
#include "worker/process_tree.hpp"

namespace coppice {
namespace {

constexpr int kFarewell_ms = 4000;  // a keeper takes half of it at most
constexpr int kPause_ms = 5;

class Nursery {
 public:
  explicit Nursery(UniqueFd control);

  void serve(int signals, pid_t parent);

 private:
  void start_requested();
  void start(const nlohmann::json& request, KeptHost host);
  bool reap();
  void kill_strays() const;

  FrameSocket control_;
  UniqueFd lifeline_;      ///< what keepers hold …
  UniqueFd lifeline_end_;  ///< … and its other end, which is closed when they are to go, or by our death
  std::set<pid_t> keepers_;
};

Nursery::Nursery(UniqueFd control) : control_(std::move(control)) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) ::_exit(1);
  lifeline_.reset(ends[0]);
  lifeline_end_.reset(ends[1]);
}

void Nursery::start_requested() {
  control_.receive();
  while (const auto text = control_.next()) {
    const auto request = nlohmann::json::parse(*text, nullptr, false);
    KeptHost host;
    host.channel = control_.take_fd();
    host.socket = control_.take_fd();
    host.output = control_.take_fd();
    if (request.is_object() && host.output) start(request, std::move(host));
  }
}

void Nursery::start(const nlohmann::json& request, KeptHost host) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    host.lifeline = std::move(lifeline_);
    keep_host(request, std::move(host));
  }
  if (pid > 0) {
    keepers_.insert(pid);
    return;
  }
  const ChildNews news{ChildNews::kNotStarted, errno, StartFailure::kDescriptors};
  ::send(host.channel.get(), &news, sizeof news, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// Whether a child is left.
bool Nursery::reap() {
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, nullptr, WNOHANG)) > 0) keepers_.erase(pid);
  const bool any = pid == 0;
  if (any) kill_strays();
  return any;
}

/// What a host had started comes to us if its keeper is killed.
void Nursery::kill_strays() const {
  for (const pid_t child : children_of(::getpid())) {
    if (!keepers_.contains(child)) ::kill(child, SIGKILL);
  }
}

void Nursery::serve(int signals, pid_t parent) {
  while (control_.state() == FrameSocket::State::kOpen && ::getppid() == parent) {
    std::array<pollfd, 2> waits{pollfd{control_.fd(), POLLIN, 0}, {signals, POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) {
      signalfd_siginfo info;
      while (::read(signals, &info, sizeof info) > 0) {
      }
      reap();
    }
    if (waits[0].revents != 0) start_requested();
  }
  lifeline_end_.reset();
  for (int waited_ms = 0; waited_ms < kFarewell_ms; waited_ms += kPause_ms) {
    if (!reap()) break;
    ::poll(nullptr, 0, kPause_ms);
  }
}

}  // namespace

void run_spawner(UniqueFd control, pid_t parent) {
  ::setsid();  // no terminal, and no part in signals to our parent's group
  ::prctl(PR_SET_NAME, "coppice-spawner");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans of hosts come to us, not to a process 1 that may not reap
  reset_signals();
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // The end of the socket is what tells us that the parent is gone; this is the second way. It also comes
  // when the *thread* that forked us ends, which is why serve() looks at getppid().
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGCHLD);
  sigaddset(&heard, SIGTERM);
  close_descriptors(3, std::array{control.get()});
  const UniqueFd signals(::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
  if (const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC)); nothing) ::dup2(nothing.get(), 0);
  Nursery(std::move(control)).serve(signals.get(), parent);
  ::_exit(0);
}

}  // namespace coppice
