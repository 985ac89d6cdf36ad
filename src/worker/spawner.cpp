#include "worker/spawner.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/text.hpp"
#include "worker/child_process.hpp"
#include "worker/frame_socket.hpp"
#include "worker/spawner_process.hpp"

namespace coppice {
namespace {

const char* signal_name(int number) {
  switch (number) {  // sigabbrev_np() is too young for the systems of many clusters
    case SIGHUP:
      return "SIGHUP";
    case SIGINT:
      return "SIGINT";
    case SIGQUIT:
      return "SIGQUIT";
    case SIGILL:
      return "SIGILL";
    case SIGTRAP:
      return "SIGTRAP";
    case SIGABRT:
      return "SIGABRT";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGKILL:
      return "SIGKILL";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGSEGV:
      return "SIGSEGV";
    case SIGUSR2:
      return "SIGUSR2";
    case SIGPIPE:
      return "SIGPIPE";
    case SIGALRM:
      return "SIGALRM";
    case SIGTERM:
      return "SIGTERM";
    case SIGXCPU:
      return "SIGXCPU";
    case SIGXFSZ:
      return "SIGXFSZ";
    case SIGSYS:
      return "SIGSYS";
    default:
      return nullptr;
  }
}

/// The kernel's killer of memory hogs leaves no other trace.
std::string describe_end(const ChildNews& news, std::int64_t memory_limit_bytes) {
  const std::string peak = size_text(news.peak_bytes);
  if (news.cause == ChildNews::kMemory) {
    return fmt::format("used {} of its {} (resources.memory_per_worker)", peak,
                       size_text(memory_limit_bytes));
  }
  std::string text = describe_exit(news.value);
  if (news.cause == ChildNews::kItself && WIFSIGNALED(news.value) && WTERMSIG(news.value) == SIGKILL) {
    text += fmt::format(", which nobody here sent: maybe out of memory; {} were in use", peak);
  }
  return text;
}

}  // namespace

std::string describe_exit(int status) {
  if (WIFEXITED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* name = signal_name(number);
  if (name == nullptr) return fmt::format("killed by signal {}", number);
  return fmt::format("killed by signal {} ({})", number, name);
}

ChildChannel::ChildChannel(UniqueFd socket, const SpawnRequest& request)
    : socket_(std::move(socket)),
      program_(request.command.empty() ? std::string() : request.command.front()),
      memory_limit_bytes_(request.memory_limit_bytes) {}

std::optional<ChildEvent> ChildChannel::poll() {
  if (over_ || !socket_) return std::nullopt;
  ChildNews news;
  const ssize_t count = ::recv(socket_.get(), &news, sizeof news, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return std::nullopt;
  ChildEvent event;
  if (count != static_cast<ssize_t>(sizeof news)) {
    // The kernel kills the child itself, and the helper what it had started; if both are gone, it is ours.
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
    event.text = "the process that watches over it is gone";
  } else if (news.kind == ChildNews::kStarted) {
    event.kind = ChildEvent::Kind::kStarted;
    event.pid = pid_ = news.value;
  } else if (news.kind == ChildNews::kNotStarted) {
    event.kind = ChildEvent::Kind::kNotStarted;
    event.text = describe(StartFailure{news.stage, news.value}, program_, "its working directory");
  } else {
    event.kind = ChildEvent::Kind::kExited;
    event.text = describe_end(news, memory_limit_bytes_);
  }
  over_ = event.kind != ChildEvent::Kind::kStarted;
  return event;
}

void ChildChannel::signal(int number) {
  if (over_ || !socket_) return;
  const auto byte = static_cast<unsigned char>(number);
  // Asked of the helper, which reaps: we could hit a stranger that was given the same pid.
  ::send(socket_.get(), &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct Spawner::Link {
  pid_t pid = 0;
  std::mutex mutex;
  FrameSocket control;  ///< guarded by mutex
};

Spawner Spawner::launch() {
  auto [ours, theirs] = FrameSocket::pair();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "cannot fork a helper process");
  if (pid == 0) {
    ours.reset();
    run_spawner(std::move(theirs), parent);
  }
  auto link = std::make_unique<Link>();
  link->pid = pid;
  link->control = FrameSocket(std::move(ours));
  return Spawner(std::move(link));
}

Spawner::Spawner(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Spawner::Spawner(Spawner&&) noexcept = default;

Spawner& Spawner::operator=(Spawner&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}

Spawner::~Spawner() {
  if (link_ == nullptr) return;
  link_->control = FrameSocket();
  // It kills its children, waits a bounded time for them and exits.
  while (::waitpid(link_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Spawner::alive(int patience_ms) const {
  if (link_ == nullptr) return false;
  const std::scoped_lock lock(link_->mutex);
  link_->control.wait_readable(patience_ms);
  link_->control.receive();  // it never says anything: the end is all that can come
  return link_->control.state() == FrameSocket::State::kOpen;
}

pid_t Spawner::pid() const {
  return link_ == nullptr ? 0 : link_->pid;
}

ChildChannel Spawner::start(const SpawnRequest& request) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot create a socket pair");
  }
  UniqueFd ours(fds[0]);
  const UniqueFd theirs(fds[1]);
  const nlohmann::json message = {{"command", request.command},
                                  {"plain_program", request.plain_program},
                                  {"parameter_names", request.parameter_names},
                                  {"cwd", request.cwd.string()},
                                  {"set", request.set},
                                  {"unset", request.unset},
                                  {"prepend", request.prepend},
                                  {"memory_limit_bytes", request.memory_limit_bytes},
                                  {"cpus", request.cpus}};
  const std::string text = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (link_ != nullptr) {
    const std::scoped_lock lock(link_->mutex);
    link_->control.send(text, {theirs.get(), request.socket_fd, request.output_fd});
    link_->control.flush_blocking();
  }
  // Without a helper, or if it is gone, `theirs` closes here and the channel says kLost.
  return ChildChannel(std::move(ours), request);
}

}  // namespace coppice
