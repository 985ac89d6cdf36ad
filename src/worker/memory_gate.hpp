/// Whether a trial host may be started on a device: not before as much memory is free there as the study asks
/// for (`resources.gpu_memory`). What another process holds may be let go of soon (a host that just ended, a
/// neighbour's), so it waits, asking ever more rarely, up to a bound.
///
/// Pure: readings and the time come from the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace coppice {

/// A device's memory at one moment.
struct DeviceReading {
  std::string device;  ///< its UUID
  std::int64_t free_bytes = 0;
  std::int64_t total_bytes = 0;
  std::vector<int> pids;  ///< processes that compute on it, as far as known
};

/// All devices of a worker; those that can't be read are left out.
using ReadDevices = std::function<std::vector<DeviceReading>()>;

class MemoryGate {
 public:
  static constexpr double kFirstDelay_s = 0.5;
  static constexpr double kLongestDelay_s = 8;
  static constexpr double kLimit_s = 60;
  /// Of a device's memory: less than this free, and somebody else is on it.
  static constexpr double kNearlyNothing = 0.1;

  /// `wanted_bytes` on each device; 0: none.
  MemoryGate(std::int64_t wanted_bytes, double now_s) : wanted_bytes_(wanted_bytes), since_s_(now_s) {}

  enum class Answer { kGo, kWait, kRefuse };
  /// kWait: ask again at next_s(). text() says what is missing.
  Answer ask(const std::vector<DeviceReading>& readings, double now_s);

  double next_s() const { return next_s_; }
  const std::string& text() const { return text_; }

 private:
  std::int64_t wanted_bytes_;
  double since_s_;
  double next_s_ = 0;
  double delay_s_ = kFirstDelay_s;
  std::string text_;
};

/// One line where a device has next to nothing free although nothing is asked; else empty.
std::string crowded_text(const std::vector<DeviceReading>& readings);

}  // namespace coppice
