/// When to write study.h5 next, so that writing costs at most 1 % of the running time however large it grows.
/// A value; one thread.
#pragma once

#include <algorithm>

namespace coppice {

class WriteSchedule {
 public:
  /// Whether to write now, if there is anything new. Times are those of any steady clock.
  bool due(double now_s) const { return now_s >= next_s_; }
  /// A write took from `began_s` to `ended_s`, whether it went well or not.
  void wrote(double began_s, double ended_s) {
    next_s_ = ended_s + std::max(1.0, 100 * std::max(0.0, ended_s - began_s));
  }

 private:
  double next_s_ = 0;
};

}  // namespace coppice
