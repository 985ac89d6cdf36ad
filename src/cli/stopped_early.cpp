#include "cli/stopped_early.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cmath>

namespace coppice {

void end_at_signal(StopSignals& signals, double wait_s) {
  pollfd waiting{signals.fd(), POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(std::ceil(1e3 * std::max(0.0, wait_s))));
  const auto signal = signals.take();
  if (!signal) return;
  throw StoppedEarly(
      fmt::format("{}: stopped before all programs of the study were ready", stop_signal_name(*signal)));
}

}  // namespace coppice
