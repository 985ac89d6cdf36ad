#include "worker/host_process.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "worker/host_protocol.hpp"

namespace coppice {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double kFarewell_s = 2;  // between the end of its connection and its exit

}  // namespace

HostProcess::HostProcess(Spawner& spawner, SpawnRequest request, const std::filesystem::path& log,
                         std::string name, double startup_s)
    : log_(log),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      name_(std::move(name)),
      startup_s_(startup_s) {
  if (!epoll_ || !timer_)
    throw std::system_error(errno, std::generic_category(), "cannot watch the process: " + name_);
  watch(timer_.get(), false);
  if (!log_.error().empty()) {
    set_timer(1e-9);  // so that fd() is readable
    return;
  }
  log_.begin_host(fmt::format("{:%Y-%m-%d %H:%M:%S} {} started: {}", fmt::localtime(std::time(nullptr)),
                              name_, fmt::join(request.command, " ")));
  auto [ours, theirs] = FrameSocket::pair();
  socket_ = FrameSocket(std::move(ours));
  if (!request.plain_program) request.prepend["PYTHONPATH"] = python_client_directory().string();
  request.socket_fd = theirs.get();
  request.output_fd = log_.fd();
  channel_ = spawner.start(request);
  watch(channel_.fd(), false);
  set_timer(startup_s_);
}

void HostProcess::watch(int fd, bool writable) {
  epoll_event event{};
  event.events = EPOLLIN | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void HostProcess::set_timer(double delay_s) {
  itimerspec when{};
  const double bounded_s = std::clamp(delay_s, 0.0, 1e9);
  if (delay_s > 0) {
    when.it_value.tv_sec = static_cast<time_t>(bounded_s);
    when.it_value.tv_nsec = static_cast<long>((bounded_s - std::floor(bounded_s)) * 1e9);
    if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;
  }
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

/// Whether its time is up: so no longer readable for ever.
bool HostProcess::take_timer() {
  std::uint64_t count = 0;
  return ::read(timer_.get(), &count, sizeof count) == static_cast<ssize_t>(sizeof count);
}

std::optional<HostProcess::End> HostProcess::poll(const Listener& listener) {
  if (exited_) return std::nullopt;
  if (!log_.error().empty()) {
    exited_ = deaf_ = true;
    take_timer();
    return End{log_.error(), false, false};
  }
  // The exit is looked for before the messages and told after them: nothing that it said is lost.
  std::optional<ChildEvent> event = channel_.poll();
  if (event && event->kind == ChildEvent::Kind::kStarted) {
    pid_ = event->pid;  // the socket is watched from here on, so that a hello never comes before the pid
    event = channel_.poll();
  }
  do {
    if (deaf_ || pid_ == 0) break;
    socket_.receive();
    hear(listener);
  } while (event && !deaf_ && socket_.wait_readable(0));
  if (!deaf_ && pid_ != 0) watch(socket_.fd(), !socket_.flush());
  if (event) return end(*event);
  on_timer();
  return std::nullopt;
}

void HostProcess::hear(const Listener& listener) {
  while (!deaf_) {
    const auto text = socket_.next();
    if (!text) break;
    if (const auto message = decode(*text)) {
      listener(*message);
    } else {
      condemn("sent a message that is no JSON object: " + clean_text(*text, 100));
    }
  }
  if (deaf_) return;
  if (socket_.state() == FrameSocket::State::kBroken) condemn("sent " + socket_.error());
  if (!deaf_ && socket_.state() == FrameSocket::State::kClosed) {
    close_socket();
    set_timer(kFarewell_s);
  }
}

void HostProcess::on_timer() {
  if (!take_timer()) return;
  if (deaf_) {
    condemn("closed its connection without exiting");
  } else if (!ready_) {
    condemn(fmt::format("did not say hello within {:g} s (timeouts.startup)", startup_s_));
  }
}

std::optional<std::string> HostProcess::form_of(const Json& hello) {
  const auto version = whole_number(hello, "protocol");
  if (version == kHostProtocolVersion) return text_member(hello, "form");
  condemn(fmt::format("speaks protocol {}, but this coppice speaks {}; use the client that came with it",
                      version.value_or(0), kHostProtocolVersion));
  return std::nullopt;
}

double HostProcess::welcome() {
  ready_ = true;
  set_timer(0);
  return std::chrono::duration<double>(Clock::now() - started_at_).count();
}

void HostProcess::send(std::string_view text, std::initializer_list<int> fds) {
  if (deaf_) return;
  socket_.send(text, fds);
  if (pid_ != 0) watch(socket_.fd(), !socket_.flush());
}

void HostProcess::condemn(std::string why) {
  if (verdict_.empty()) verdict_ = std::move(why);
  channel_.signal(SIGKILL);
  close_socket();
}

void HostProcess::condemn_type(std::string_view type) {
  condemn(fmt::format("sent a message of unknown type '{}'", clean_text(type, 40)));
}

/// What counts from here on is its exit.
void HostProcess::close_socket() {
  if (deaf_) return;
  deaf_ = true;
  socket_ = FrameSocket();  // leaves the epoll set by being closed
}

void HostProcess::shutdown() {
  expected_ = true;
  send(encode({{"type", "exit"}}));
}

void HostProcess::kill() {
  expected_ = true;
  channel_.signal(SIGKILL);
}

HostProcess::End HostProcess::end(const ChildEvent& event) {
  exited_ = true;
  close_socket();
  set_timer(0);
  const std::string reason = verdict_.empty() ? event.text : verdict_ + (expected_ ? "" : "; killed");
  log_.end_host(fmt::format("{} {} ended: {}", name_, pid_, reason));
  // No longer readable for ever: nothing more is to come.
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, channel_.fd(), nullptr);
  return {reason, expected_, event.kind == ChildEvent::Kind::kLost};
}

std::filesystem::path python_client_directory() {
  std::error_code error;
  const auto exe = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    auto installed = exe.parent_path().parent_path() / "share" / "coppice" / "python";
    if (std::filesystem::exists(installed / "coppice" / "__init__.py", error)) return installed;
  }
  return COPPICE_PYTHON_SOURCE_DIR;
}

}  // namespace coppice
