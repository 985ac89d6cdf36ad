// A worker and its device: memory must be free there before a host starts, and it is tried when one failed.
#include <fmt/format.h>

#include <system_error>

#include "worker/worker.hpp"

namespace coppice {
namespace {

/// A device is tried once in this time at most: failures are mostly the program's.
constexpr double kProbeInterval_s = 60;

}  // namespace

void Worker::start_host(double now_s) {
  if (active_->gate) {
    const auto readings = place_.read_devices();
    switch (active_->gate->ask(readings, now_s)) {
      case MemoryGate::Answer::kWait:
        return;
      case MemoryGate::Answer::kRefuse:
        fail_segment(active_->gate->text(), now_s);
        return;
      case MemoryGate::Answer::kGo:
        active_->gate.reset();
    }
    if (const std::string text = crowded_text(readings); !text.empty() && !crowd_told_) {
      crowd_told_ = true;
      fmt::print(stderr, "coppice: {}: {}\n", place_.host, text);
    }
  }
  host_ready_ = false;
  host_trial_ = kNoTrial;
  try {
    host_.emplace(
        RepeatedHost::start(spawner_, host_launch(*welcome_, place_, transport_.rank()), welcome_->repeats));
  } catch (const std::exception& error) {
    fail_segment(error.what(), now_s);
  }
}

/// The program's failure, or its device's: where there is a device to try, the answer is waited for.
void Worker::host_failed(const std::string& error, double now_s) {
  // What a device did to a process may stay with it, so that whatever runs there next fails too.
  if (host_ && !place_.device_uuid.empty()) end_host();
  if (place_.probe_command.empty() || now_s < next_probe_s_) {
    fail_segment(error, now_s);
    return;
  }
  next_probe_s_ = now_s + kProbeInterval_s;
  try {
    probe_.emplace(spawner_, place_.probe_command, place_.environment, now_s);
  } catch (const std::system_error&) {
    fail_segment(error, now_s);
    return;
  }
  if (active_->training) active_->times.failed_s = now_s - active_->since_s;
  active_->training = false;
  held_error_ = error;
}

void Worker::poll_probe(double now_s) {
  const auto answer = probe_->poll(now_s);
  if (!answer) return;
  probe_.reset();
  if (answer->empty()) {
    fail_segment(held_error_, now_s);
    return;
  }
  const std::string reason = fmt::format("its device {} failed: {}", place_.device_uuid, *answer);
  fmt::print(stderr, "coppice: rank {} on {}: {}; it is set aside\n", transport_.rank(), place_.host, reason);
  leave(reason, now_s);
}

}  // namespace coppice
