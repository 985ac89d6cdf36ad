#include "worker/spawner_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "worker/child_process.hpp"
#include "worker/frame_socket.hpp"
#include "worker/serve_program.hpp"

namespace coppice {
namespace {

constexpr int kHostFd = 3;
constexpr int kFirstSpareFd = 16;  // above all that a child is given at fixed numbers
constexpr int kFarewell_ms = 2000;

struct Child {
  pid_t pid = 0;
  UniqueFd channel;  ///< closed by its owner: the child is to die
  UniqueFd failure;  ///< a StartFailure comes through it, or its end: started
};

bool belongs_to_launcher(std::string_view name) {
  if (name == "SLURM_JOB_ID") return false;
  for (const std::string_view prefix : {"PMI", "OMPI_", "MPI_", "PRTE_", "HYDRA_", "SLURM_"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

void prepare_environment(const nlohmann::json& request) {
  std::vector<std::string> unwanted;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (belongs_to_launcher(name)) unwanted.emplace_back(name);
  }
  for (const std::string& name : unwanted) ::unsetenv(name.c_str());
  for (const auto& name : request["unset"]) ::unsetenv(name.get<std::string>().c_str());
  for (const auto& [name, value] : request["set"].items()) {
    ::setenv(name.c_str(), value.get<std::string>().c_str(), 1);
  }
  for (const auto& [name, value] : request["prepend"].items()) {
    auto text = value.get<std::string>();
    if (const char* old = std::getenv(name.c_str()); old != nullptr && *old != '\0')
      text += std::string(":") + old;
    ::setenv(name.c_str(), text.c_str(), 1);
  }
  ::setenv("COPPICE_FD", "3", 1);
}

/// In the child. Says through `report` where it failed, or closes it by becoming the program.
[[noreturn]] void become_host(const nlohmann::json& request, int socket, int output, int report,
                              pid_t spawner) {
  const auto give_up = [&](StartFailure::Stage stage) {
    const StartFailure failure{stage, errno};
    [[maybe_unused]] const ssize_t written = ::write(report, &failure, sizeof failure);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != spawner) ::_exit(127);  // it died before that took effect
  socket = ::fcntl(socket, F_DUPFD_CLOEXEC, kFirstSpareFd);
  output = ::fcntl(output, F_DUPFD_CLOEXEC, kFirstSpareFd);
  report = ::fcntl(report, F_DUPFD_CLOEXEC, kFirstSpareFd);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (socket < 0 || output < 0 || report < 0 || nothing < 0 || ::dup2(nothing, 0) < 0 ||
      ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0 || ::dup2(socket, kHostFd) < 0) {
    give_up(StartFailure::kDescriptors);
  }
  close_descriptors(kHostFd + 1, std::array{report});
  const auto cwd = request["cwd"].get<std::string>();
  if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) give_up(StartFailure::kDirectory);
  prepare_environment(request);
  reset_signals();
  const auto command = request["command"].get<std::vector<std::string>>();
  if (request["plain_program"].get<bool>()) {
    ::close(report);
    const auto names = request["parameter_names"].get<std::vector<std::string>>();
    ::_exit(serve_program(kHostFd, command, names));
  }
  std::vector<char*> arguments = argument_pointers(command);
  errno = EINVAL;
  if (!command.empty()) ::execvp(arguments[0], arguments.data());
  give_up(StartFailure::kExec);
  ::_exit(127);
}

class Nursery {
 public:
  explicit Nursery(UniqueFd control) : control_(std::move(control)) {}

  void serve(int signals, pid_t parent);

 private:
  void start_requested();
  void start(const nlohmann::json& request, UniqueFd channel, UniqueFd socket, UniqueFd output);
  void resolve_start(Child& child);
  void on_channel(Child& child);
  void reap();
  void kill_all();
  static void tell(const Child& child, ChildNews::Kind kind, int value, int stage = 0);

  FrameSocket control_;
  std::map<pid_t, Child> children_;
};

void Nursery::tell(const Child& child, ChildNews::Kind kind, int value, int stage) {
  const ChildNews news{kind, value, stage};
  ::send(child.channel.get(), &news, sizeof news, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Nursery::start_requested() {
  control_.receive();
  while (const auto text = control_.next()) {
    const auto request = nlohmann::json::parse(*text, nullptr, false);
    UniqueFd channel = control_.take_fd();
    UniqueFd socket = control_.take_fd();
    UniqueFd output = control_.take_fd();
    if (request.is_object() && output) {
      start(request, std::move(channel), std::move(socket), std::move(output));
    }
  }
}

void Nursery::start(const nlohmann::json& request, UniqueFd channel, UniqueFd socket, UniqueFd output) {
  Child child;
  child.channel = std::move(channel);
  std::array<int, 2> ends{-1, -1};
  const pid_t spawner = ::getpid();
  if (::pipe2(ends.data(), O_CLOEXEC) == 0) child.pid = ::fork();
  if (child.pid == 0 && ends[1] >= 0) {
    become_host(request, socket.get(), output.get(), ends[1], spawner);
  }
  const int error = errno;
  child.failure.reset(ends[0]);
  if (ends[1] >= 0) ::close(ends[1]);
  if (child.pid <= 0) {
    tell(child, ChildNews::kNotStarted, error, StartFailure::kDescriptors);
    return;
  }
  ::setpgid(child.pid, child.pid);  // in both processes, so that neither has to wait for the other
  children_.emplace(child.pid, std::move(child));
}

void Nursery::resolve_start(Child& child) {
  if (!child.failure) return;
  StartFailure failure;
  const ssize_t count = ::read(child.failure.get(), &failure, sizeof failure);
  if (count == static_cast<ssize_t>(sizeof failure)) {
    tell(child, ChildNews::kNotStarted, failure.error, failure.stage);
    child.channel.reset();
  } else {
    tell(child, ChildNews::kStarted, child.pid);
  }
  child.failure.reset();
}

void Nursery::on_channel(Child& child) {
  unsigned char number = 0;
  const ssize_t count = ::recv(child.channel.get(), &number, 1, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count != 1) {  // its owner is gone
    child.channel.reset();
    number = SIGKILL;
  }
  ::kill(-child.pid, number);
}

void Nursery::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    const auto found = children_.find(info.si_pid);
    // Before it is reaped, as its group's number can't be taken by anybody else as long: what it started and
    // left behind (data loaders, say) would go on holding the device.
    if (found != children_.end()) ::kill(-info.si_pid, SIGKILL);
    int status = 0;
    ::waitpid(info.si_pid, &status, 0);
    if (found == children_.end()) continue;  // an orphan of a child
    resolve_start(found->second);
    tell(found->second, ChildNews::kExited, status);
    children_.erase(found);
  }
}

void Nursery::kill_all() {
  for (const auto& [pid, child] : children_) ::kill(-pid, SIGKILL);
}

void Nursery::serve(int signals, pid_t parent) {
  while (control_.state() == FrameSocket::State::kOpen && ::getppid() == parent) {
    std::vector<pollfd> waits{{control_.fd(), POLLIN, 0}, {signals, POLLIN, 0}};
    std::vector<pid_t> pids;
    for (const auto& [pid, child] : children_) {
      waits.push_back({child.failure.get(), POLLIN, 0});  // a negative one is passed over
      waits.push_back({child.channel.get(), POLLIN, 0});
      pids.push_back(pid);
    }
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < pids.size(); ++i) {
      Child& child = children_.at(pids[i]);
      if (waits[2 + 2 * i].revents != 0) resolve_start(child);
      if (waits[3 + 2 * i].revents != 0) on_channel(child);
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info;
      while (::read(signals, &info, sizeof info) > 0) {
      }
      reap();
    }
    if (waits[0].revents != 0) start_requested();
  }
  kill_all();
  for (int waited_ms = 0; waited_ms < kFarewell_ms; waited_ms += 10) {
    reap();
    if (children_.empty()) break;
    ::poll(nullptr, 0, 10);
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
