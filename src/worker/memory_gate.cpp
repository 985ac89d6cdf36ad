#include "worker/memory_gate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace coppice {
namespace {

std::string gigabytes(std::int64_t bytes) {
  return fmt::format("{:.3g} GB", static_cast<double>(bytes) / 1e9);
}

std::string describe(const DeviceReading& reading) {
  std::string text = fmt::format("device {} has {} of {} free", reading.device, gigabytes(reading.free_bytes),
                                 gigabytes(reading.total_bytes));
  if (reading.pids.empty()) return text;
  const bool one = reading.pids.size() == 1;
  return text + fmt::format(" (process{} {} {} on it)", one ? "" : "es", fmt::join(reading.pids, ", "),
                            one ? "is" : "are");
}

}  // namespace

MemoryGate::Answer MemoryGate::ask(const std::vector<DeviceReading>& readings, double now_s) {
  const auto scarce = std::find_if(readings.begin(), readings.end(), [this](const DeviceReading& reading) {
    return reading.free_bytes < wanted_bytes_;
  });
  if (scarce == readings.end()) return Answer::kGo;
  const double waited_s = now_s - since_s_;
  text_ =
      fmt::format("{}{}, and {} are asked for (resources.gpu_memory)", describe(*scarce),
                  waited_s >= 1 ? fmt::format(" after {:.0f} s", waited_s) : "", gigabytes(wanted_bytes_));
  if (waited_s >= kLimit_s) return Answer::kRefuse;
  next_s_ = std::min(now_s + delay_s_, since_s_ + kLimit_s);
  delay_s_ = std::min(2 * delay_s_, kLongestDelay_s);
  return Answer::kWait;
}

std::string crowded_text(const std::vector<DeviceReading>& readings) {
  for (const DeviceReading& reading : readings) {
    if (static_cast<double>(reading.free_bytes) <
        MemoryGate::kNearlyNothing * static_cast<double>(reading.total_bytes)) {
      return describe(reading) + ": somebody else seems to use it (resources.gpu_memory makes trials wait)";
    }
  }
  return {};
}

}  // namespace coppice
