/// The end of a run by a signal before it has begun: there is work left, and nothing was done.
#pragma once

#include <stdexcept>

#include "cluster/signals.hpp"

namespace coppice {

/// A signal that ended a program of ours as well may be ours a moment later.
inline constexpr double kSignalPatience_s = 0.2;

class StoppedEarly : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws StoppedEarly if a signal has come, or comes within `wait_s`.
void end_at_signal(StopSignals& signals, double wait_s = 0);

}  // namespace coppice
