#include "worker/trial_host.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/check.hpp"
#include "worker/frame_socket.hpp"
#include "worker/host_log.hpp"
#include "worker/host_protocol.hpp"
#include "worker/program_command.hpp"

namespace coppice {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double kFarewell_s = 2;  // between the end of its connection and its exit
constexpr std::size_t kMaxError_bytes = 4000;
constexpr std::int64_t kNone = -1;

/// For people who look for a trial in the log.
std::string describe(const SegmentOrder& order) {
  if (order.part_of >= 0) {
    return fmt::format("trial {}, repeat {}, segment {}.{}, from step {}", order.trial, order.repeat,
                       order.part_of >> 32, order.part_of & 0xffffffff, order.from_step + 1);
  }
  const std::string end = order.until == SegmentOrder{}.until ? "on" : fmt::format("to {}", order.until);
  return fmt::format("trial {}, segment {}.{}, steps {} {}", order.trial, order.segment >> 32,
                     order.segment & 0xffffffff, order.from_step + 1, end);
}

}  // namespace

struct TrialHost::State {
  FrameSocket socket;
  ChildChannel channel;
  HostLog log;
  UniqueFd epoll;
  UniqueFd timer;
  std::vector<HostMessage> out;
  Clock::time_point started_at = Clock::now();
  double startup_s = 0;
  pid_t pid = 0;
  std::int64_t segment = kNone;  ///< the one that is running
  std::int64_t part_of = kNone;  ///< of the last one
  std::string verdict;           ///< why we killed it
  bool ready = false;
  bool socket_over = false;
  bool expected = false;
  bool exited = false;

  void watch(int fd, bool writable);
  void set_timer(double delay_s);
  void send(const Json& message, std::initializer_list<int> fds = {});
  void poll();
  void on_frames();
  void on_message(const Json& message);
  void on_hello(const Json& message);
  void on_report(const Json& message, std::int64_t step);
  void on_saved(const Json& message, std::int64_t step);
  void on_child(const ChildEvent& event);
  void on_timer();
  void condemn(std::string why);
  void close_socket();
};

void TrialHost::State::watch(int fd, bool writable) {
  epoll_event event{};
  event.events = EPOLLIN | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
}

void TrialHost::State::set_timer(double delay_s) {
  itimerspec when{};
  const double bounded_s = std::clamp(delay_s, 0.0, 1e9);
  if (delay_s > 0) {
    when.it_value.tv_sec = static_cast<time_t>(bounded_s);
    when.it_value.tv_nsec = static_cast<long>((bounded_s - std::floor(bounded_s)) * 1e9);
    if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;
  }
  ::timerfd_settime(timer.get(), 0, &when, nullptr);
}

void TrialHost::State::send(const Json& message, std::initializer_list<int> fds) {
  if (socket_over) return;
  socket.send(encode(message), fds);
  if (pid != 0) watch(socket.fd(), !socket.flush());
}

void TrialHost::State::condemn(std::string why) {
  if (verdict.empty()) verdict = std::move(why);
  channel.signal(SIGKILL);
  close_socket();
}

/// Deaf from here on; what counts is its exit.
void TrialHost::State::close_socket() {
  if (socket_over) return;
  socket_over = true;
  socket = FrameSocket();  // leaves the epoll set by being closed
}

void TrialHost::State::poll() {
  if (exited) return;
  // The exit is looked for before the messages and told after them: nothing that it said is lost.
  std::optional<ChildEvent> event = channel.poll();
  if (event && event->kind == ChildEvent::Kind::kStarted) {
    on_child(*event);
    event = channel.poll();
  }
  do {
    if (socket_over || pid == 0) break;
    socket.receive();
    on_frames();
  } while (event && !socket_over && socket.wait_readable(0));
  if (!socket_over && pid != 0) watch(socket.fd(), !socket.flush());
  if (event) {
    on_child(*event);
  } else {
    on_timer();
  }
}

void TrialHost::State::on_frames() {
  while (!socket_over) {
    const auto text = socket.next();
    if (!text) break;
    if (const auto message = decode(*text)) {
      on_message(*message);
    } else {
      condemn("sent a message that is no JSON object: " + clean_text(*text, 100));
    }
  }
  if (socket_over) return;
  if (socket.state() == FrameSocket::State::kBroken) condemn("sent " + socket.error());
  if (!socket_over && socket.state() == FrameSocket::State::kClosed) {
    close_socket();
    set_timer(kFarewell_s);
  }
}

void TrialHost::State::on_message(const Json& message) {
  const auto named = message.find("type");
  const std::string type = named != message.end() && named->is_string() ? named->get<std::string>() : "";
  if (type == "hello") return on_hello(message);
  if (!ready) return condemn(fmt::format("sent '{}' before its hello", clean_text(type, 40)));
  const auto of = whole_number(message, "segment");
  if (!of) return condemn(fmt::format("sent '{}' without the number of its segment", clean_text(type, 40)));
  const bool stale = *of != segment;
  if (type == "failed") {
    if (stale) return;
    const auto error = message.find("error");
    const bool text = error != message.end() && error->is_string();
    segment = kNone;
    out.emplace_back(
        HostFailed{*of, clean_text(text ? error->get<std::string>() : "no reason given", kMaxError_bytes)});
    return;
  }
  const auto step = whole_number(message, "step");
  if (!step || *step < 0) return condemn(fmt::format("sent '{}' without its step", clean_text(type, 40)));
  if (type == "saved") return on_saved(message, *step);  // its descriptor is to be taken even if it is stale
  if (type != "report" && type != "ended") {
    return condemn(fmt::format("sent a message of unknown type '{}'", clean_text(type, 40)));
  }
  if (stale) return;
  if (type == "report") return on_report(message, *step);
  HostEnded ended;
  ended.segment = *of;
  ended.step = *step;
  const auto done = message.find("done");
  ended.done = done != message.end() && done->is_boolean() && done->get<bool>();
  if (const auto times = message.find("seconds"); times != message.end() && times->is_object()) {
    const auto seconds = [&](const char* cause) {
      const auto found = times->find(cause);
      return found != times->end() && found->is_number() ? std::max(0.0, found->get<double>()) : 0.0;
    };
    ended.setup_s = seconds("setup");
    ended.load_s = seconds("load");
    ended.train_s = seconds("train");
    ended.save_s = seconds("save");
  }
  segment = kNone;
  out.emplace_back(ended);
}

void TrialHost::State::on_hello(const Json& message) {
  const auto version = whole_number(message, "protocol");
  if (version != kHostProtocolVersion) {
    return condemn(
        fmt::format("speaks protocol {}, but this coppice speaks {}; use the client that came with it",
                    version.value_or(0), kHostProtocolVersion));
  }
  const auto named = message.find("form");
  const auto form = host_form(named != message.end() && named->is_string() ? named->get<std::string>() : "");
  if (!form || ready) return condemn("sent a hello that can't be understood");
  const auto can_save = message.find("can_save");
  ready = true;
  set_timer(0);
  startup_s = std::chrono::duration<double>(Clock::now() - started_at).count();
  out.emplace_back(HostReady{
      *form, can_save != message.end() && can_save->is_boolean() && can_save->get<bool>(), startup_s});
}

void TrialHost::State::on_report(const Json& message, std::int64_t step) {
  HostReport report{segment, step, {}};
  const auto metrics = message.find("metrics");
  if (metrics == message.end() || !metrics->is_object()) return condemn("sent a report without metrics");
  for (const auto& [name, value] : metrics->items()) {
    const auto number = decode_metric(value);
    if (number) {
      report.metrics.emplace_back(name, *number);
      continue;
    }
    // The host may be fine otherwise: it ends this segment on its own, and what it says about it is stale.
    const std::int64_t failed = segment;
    send({{"type", "stop"}, {"segment", failed}});
    segment = kNone;
    out.emplace_back(
        HostFailed{failed, fmt::format("metric '{}' at step {} is not a number: {}", clean_text(name, 80),
                                       step, clean_text(encode(value), 100))});
    return;
  }
  out.emplace_back(std::move(report));
}

void TrialHost::State::on_saved(const Json& message, std::int64_t step) {
  UniqueFd fd = socket.take_fd();
  const auto size = whole_number(message, "bytes");
  if (!fd || !size) return condemn("sent 'saved' without its descriptor or its size");
  if (whole_number(message, "segment") != segment) return;
  try {
    Blob state = Blob::adopt(fd.release());
    if (state.size() != static_cast<std::uint64_t>(*size)) {
      return condemn(fmt::format("sent a checkpoint of {} bytes and said {}", state.size(), *size));
    }
    out.emplace_back(HostSaved{segment, step, std::move(state)});
  } catch (const std::system_error& error) {
    condemn(fmt::format("sent a checkpoint that can't be taken over: {}", error.what()));
  }
}

void TrialHost::State::on_child(const ChildEvent& event) {
  if (event.kind == ChildEvent::Kind::kStarted) {
    pid = event.pid;  // the socket is watched from here on, so that a hello never comes before the pid
    return;
  }
  exited = true;
  close_socket();
  set_timer(0);
  std::string text = event.text;
  if (!verdict.empty()) text = verdict + (expected ? "" : "; killed");
  log.end_host(fmt::format("host {} ended: {}", pid, text));
  segment = kNone;
  out.emplace_back(HostExited{std::move(text), expected, event.kind == ChildEvent::Kind::kLost});
  // No longer readable for ever: nothing more is to come.
  ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, channel.fd(), nullptr);
}

void TrialHost::State::on_timer() {
  std::uint64_t count = 0;
  if (::read(timer.get(), &count, sizeof count) != static_cast<ssize_t>(sizeof count) || exited) return;
  if (socket_over) {
    condemn("closed its connection without exiting");
  } else if (!ready) {
    condemn(fmt::format("did not say hello within {:g} s (timeouts.startup)", startup_s));
  }
}

TrialHost TrialHost::start(Spawner& spawner, const HostLaunch& launch) {
  check(!launch.command.empty(), "a trial host needs a command");
  const bool plain = launch.protocol == HostProtocol::kStdout;
  if (plain) check_placeholders(launch.command, launch.parameter_names);
  auto state = std::make_unique<State>();
  state->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  state->timer.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!state->epoll || !state->timer)
    throw std::system_error(errno, std::generic_category(), "cannot watch a host");
  state->log = HostLog(launch.log);
  if (!state->log.error().empty()) {
    state->exited = true;
    state->out.emplace_back(HostExited{state->log.error(), false, false});
    state->watch(state->timer.get(), false);
    state->set_timer(1e-9);  // so that fd() is readable
    return TrialHost(std::move(state));
  }
  state->log.begin_host(fmt::format("{:%Y-%m-%d %H:%M:%S} host started: {}",
                                    fmt::localtime(std::time(nullptr)), fmt::join(launch.command, " ")));
  auto [ours, theirs] = FrameSocket::pair();
  state->socket = FrameSocket(std::move(ours));
  SpawnRequest request;
  request.command = launch.command;
  request.plain_program = plain;
  request.parameter_names = launch.parameter_names;
  request.cwd = launch.cwd;
  request.set = launch.environment;
  request.unset = launch.unset;
  request.cpus = launch.cpus;
  if (!plain) request.prepend["PYTHONPATH"] = python_client_directory().string();
  request.socket_fd = theirs.get();
  request.output_fd = state->log.fd();
  request.memory_limit_bytes = launch.memory_limit_bytes;
  state->channel = spawner.start(request);
  state->startup_s = launch.startup_s;
  state->watch(state->channel.fd(), false);
  state->watch(state->timer.get(), false);
  state->set_timer(launch.startup_s);
  return TrialHost(std::move(state));
}

TrialHost::TrialHost(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrialHost::TrialHost(TrialHost&&) noexcept = default;
TrialHost& TrialHost::operator=(TrialHost&&) noexcept = default;
TrialHost::~TrialHost() = default;

int TrialHost::fd() const {
  return state_->epoll.get();
}
bool TrialHost::busy() const {
  return state_->segment != kNone;
}
pid_t TrialHost::pid() const {
  return state_->pid;
}

std::vector<HostMessage> TrialHost::poll() {
  state_->poll();
  if (state_->exited) state_->on_timer();
  return std::exchange(state_->out, {});
}

void TrialHost::run(const SegmentOrder& order, const Blob* checkpoint) {
  check(state_->segment == kNone, "a host was given a segment while another is running");
  check(state_->ready, "a host was given a segment before it was ready");
  check(checkpoint == nullptr || checkpoint->fd() >= 0, "a host was given a checkpoint that holds nothing");
  if (state_->exited) return;  // HostExited is among the messages that the caller is still going through
  state_->segment = order.segment;
  if (order.part_of < 0 || order.part_of != state_->part_of) state_->log.begin_segment(describe(order));
  state_->part_of = order.part_of;
  const Json message = encode_order(order, checkpoint);
  if (checkpoint != nullptr) {
    state_->send(message, {checkpoint->fd()});
  } else {
    state_->send(message);
  }
}

void TrialHost::stop_segment() {
  if (state_->segment != kNone) state_->send({{"type", "stop"}, {"segment", state_->segment}});
}

void TrialHost::shutdown() {
  state_->expected = true;
  state_->send({{"type", "exit"}});
}

void TrialHost::kill() {
  state_->expected = true;
  state_->channel.signal(SIGKILL);
}

std::string TrialHost::last_output(int lines) const {
  return state_->log.last_lines(lines);
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
