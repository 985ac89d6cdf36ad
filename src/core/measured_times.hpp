/// How long things take on each kind of device, as it was measured: it says whether a segment can still end
/// before the allocation does. A kind is a device's name, so that mixed nodes don't mislead each other.
///
/// Trials differ in cost and machines hiccup, so a time is a high quantile of recent ones, over the trials
/// for a step; a trial that was measured itself goes by its own steps. Values; one thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/events.hpp"
#include "core/ids.hpp"

namespace coppice {

/// The 0.95 quantile of the last 64 values: of up to 19 the largest.
class RecentTimes {
 public:
  void add(double seconds);
  /// 0 where nothing was measured.
  double high_s() const;
  bool empty() const { return values_.empty(); }

 private:
  std::vector<double> values_;
  std::size_t next_ = 0;  ///< the oldest, once there are enough
  mutable std::optional<double> high_s_;
};

/// What was measured on one kind of device.
class KindTimes {
 public:
  void on_step(TrialId trial, double seconds);
  /// The slowest of late of a trial that was measured itself, else what those before it took. Nothing where
  /// none was.
  std::optional<double> step_s(TrialId trial) const;
  std::optional<double> step_s() const;
  double slowest_step_s() const { return slowest_step_s_; }  ///< ever

  RecentTimes startup;  ///< of a host and its trainable
  RecentTimes load;     ///< of a state, and its way to the worker
  RecentTimes save;     ///< one, into memory
  RecentTimes segment;  ///< training of a whole one

 private:
  std::map<TrialId, double> steps_;  ///< of the latest trials: the slowest step, older ones count for less
  double slowest_step_s_ = 0;
  mutable std::optional<double> high_step_s_;
};

class MeasuredTimes {
 public:
  KindTimes& of(const std::string& kind) { return kinds_[kind]; }
  /// Null where nothing was measured.
  const KindTimes* find(const std::string& kind) const;
  const std::map<std::string, KindTimes>& kinds() const { return kinds_; }

  RecentTimes to_disk;  ///< of a state, from when it was saved; the file system is the same for all

 private:
  std::map<std::string, KindTimes> kinds_;
};

}  // namespace coppice
