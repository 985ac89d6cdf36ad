#include "worker/trial_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "worker/host_process.hpp"
#include "worker/host_protocol.hpp"
#include "worker/program_command.hpp"

namespace coppice {
namespace {

using Json = nlohmann::ordered_json;

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
  HostProcess process;
  std::vector<HostMessage> out = {};
  std::int64_t segment = kNone;  ///< the one that is running
  std::int64_t part_of = kNone;  ///< of the last one

  void poll();
  void on_message(const Json& message);
  void on_hello(const Json& message);
  void on_report(const Json& message, std::int64_t step);
  void on_saved(const Json& message, std::int64_t step);
};

void TrialHost::State::poll() {
  auto end = process.poll([this](const Json& message) { on_message(message); });
  if (!end) return;
  segment = kNone;
  out.emplace_back(HostExited{std::move(end->reason), end->expected, end->lost});
}

void TrialHost::State::on_message(const Json& message) {
  const std::string type = text_member(message, "type");
  if (type == "hello") return on_hello(message);
  if (!process.ready())
    return process.condemn(fmt::format("sent '{}' before its hello", clean_text(type, 40)));
  const auto of = whole_number(message, "segment");
  if (!of)
    return process.condemn(fmt::format("sent '{}' without the number of its segment", clean_text(type, 40)));
  const bool stale = *of != segment;
  if (type == "failed") {
    if (stale) return;
    segment = kNone;
    out.emplace_back(HostFailed{*of, error_of(message)});
    return;
  }
  const auto step = whole_number(message, "step");
  if (!step || *step < 0)
    return process.condemn(fmt::format("sent '{}' without its step", clean_text(type, 40)));
  if (type == "saved") return on_saved(message, *step);  // its descriptor is to be taken even if it is stale
  if (type != "report" && type != "ended") return process.condemn_type(type);
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
  const auto named = process.form_of(message);
  if (!named) return;
  if (*named == "explorer") {
    return process.condemn(
        "is an explorer, no trial program: end it with coppice.serve(...), or name it in scheduler.explore");
  }
  const auto form = host_form(*named);
  if (!form || process.ready()) return process.condemn("sent a hello that can't be understood");
  const auto can_save = message.find("can_save");
  out.emplace_back(HostReady{*form,
                             can_save != message.end() && can_save->is_boolean() && can_save->get<bool>(),
                             process.welcome()});
}

void TrialHost::State::on_report(const Json& message, std::int64_t step) {
  HostReport report{segment, step, {}};
  const auto metrics = message.find("metrics");
  if (metrics == message.end() || !metrics->is_object())
    return process.condemn("sent a report without metrics");
  for (const auto& [name, value] : metrics->items()) {
    const auto number = decode_metric(value);
    if (number) {
      report.metrics.emplace_back(name, *number);
      continue;
    }
    // The host may be fine otherwise: it ends this segment on its own, and what it says about it is stale.
    const std::int64_t failed = segment;
    process.send(encode({{"type", "stop"}, {"segment", failed}}));
    segment = kNone;
    out.emplace_back(
        HostFailed{failed, fmt::format("metric '{}' at step {} is not a number: {}", clean_text(name, 80),
                                       step, clean_text(encode(value), 100))});
    return;
  }
  out.emplace_back(std::move(report));
}

void TrialHost::State::on_saved(const Json& message, std::int64_t step) {
  UniqueFd fd = process.take_fd();
  const auto size = whole_number(message, "bytes");
  if (!fd || !size) return process.condemn("sent 'saved' without its descriptor or its size");
  if (whole_number(message, "segment") != segment) return;
  try {
    Blob state = Blob::adopt(fd.release());
    if (state.size() != static_cast<std::uint64_t>(*size)) {
      return process.condemn(fmt::format("sent a checkpoint of {} bytes and said {}", state.size(), *size));
    }
    out.emplace_back(HostSaved{segment, step, std::move(state)});
  } catch (const std::system_error& error) {
    process.condemn(fmt::format("sent a checkpoint that can't be taken over: {}", error.what()));
  }
}

TrialHost TrialHost::start(Spawner& spawner, const HostLaunch& launch) {
  check(!launch.command.empty(), "a trial host needs a command");
  const bool plain = launch.protocol == HostProtocol::kStdout;
  if (plain) check_placeholders(launch.command, launch.parameter_names);
  SpawnRequest request;
  request.command = launch.command;
  request.plain_program = plain;
  request.parameter_names = launch.parameter_names;
  request.cwd = launch.cwd;
  request.set = launch.environment;
  request.unset = launch.unset;
  request.cpus = launch.cpus;
  request.memory_limit_bytes = launch.memory_limit_bytes;
  return TrialHost(std::unique_ptr<State>(
      new State{.process = {spawner, std::move(request), launch.log, "host", launch.startup_s}}));
}

TrialHost::TrialHost(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrialHost::TrialHost(TrialHost&&) noexcept = default;
TrialHost& TrialHost::operator=(TrialHost&&) noexcept = default;
TrialHost::~TrialHost() = default;

int TrialHost::fd() const {
  return state_->process.fd();
}
bool TrialHost::busy() const {
  return state_->segment != kNone;
}
pid_t TrialHost::pid() const {
  return state_->process.pid();
}

std::vector<HostMessage> TrialHost::poll() {
  state_->poll();
  return std::exchange(state_->out, {});
}

void TrialHost::run(const SegmentOrder& order, const Blob* checkpoint) {
  check(state_->segment == kNone, "a host was given a segment while another is running");
  check(state_->process.ready(), "a host was given a segment before it was ready");
  check(checkpoint == nullptr || checkpoint->fd() >= 0, "a host was given a checkpoint that holds nothing");
  if (state_->process.exited())
    return;  // HostExited is among the messages that the caller is still going through
  state_->segment = order.segment;
  if (order.part_of < 0 || order.part_of != state_->part_of)
    state_->process.log().begin_segment(describe(order));
  state_->part_of = order.part_of;
  const std::string message = encode(encode_order(order, checkpoint));
  if (checkpoint != nullptr) {
    state_->process.send(message, {checkpoint->fd()});
  } else {
    state_->process.send(message);
  }
}

void TrialHost::stop_segment() {
  if (state_->segment == kNone) return;
  state_->process.send(encode({{"type", "stop"}, {"segment", state_->segment}}));
}

void TrialHost::shutdown() {
  state_->process.shutdown();
}

void TrialHost::kill() {
  state_->process.kill();
}

std::string TrialHost::last_output(int lines) const {
  return state_->process.log().last_lines(lines);
}

}  // namespace coppice
