/// What a study is told of the end of its allocation, and when: the rules that a coordinator and a simulated
/// one share. Times are of any clock that doesn't go back. Values; one thread.
#pragma once

#include <optional>

#include "core/events.hpp"
#include "core/study.hpp"

namespace coppice {

class EndOfAllocation {
 public:
  /// Segments that still run so long before the end are given up: what they saved before must be written.
  static constexpr double kGiveUp_s = 3;
  /// … and so long before it nobody waits for anything any more.
  static constexpr double kLast_s = 1.5;

  explicit EndOfAllocation(double ends_at_s) : ends_at_s_(ends_at_s) {}

  double left_s(double now_s) const { return ends_at_s_ - now_s; }
  /// What is to be told before `event`: nothing while the end is too far to matter to any segment, or where
  /// the event can't hand out work, so that a journal doesn't fill with it.
  std::optional<TimeLeft> before(const Event& event, const Study& study, double now_s);
  /// The stop that is due: what runs can just end, with its checkpoint.
  std::optional<StopRequested> stop(const Study& study, double now_s) const;

 private:
  double ends_at_s_;
  std::optional<double> told_at_s_;
};

}  // namespace coppice
