/// What the proposal for a trial knows of the trials before it, where that must not depend on timing.
///
/// A trial trains in stretches: from its beginning to its first stop, from there to the next one, and so on;
/// a stop is where it pauses or is over. With a lag of L the proposal for trial k knows
///
/// * the first stretch of trial t where t + L ≤ k, so all trials up to k − L and none later;
/// * its n-th stretch where r + n L ≤ k, r being the last of the trials that it is ranked with before it may
///   go on (Trial::last_rival). Where r isn't known, a later stretch never is.
///
/// That is a matter of trials and steps, never of arrival. What a proposal waits for never waits for it: a
/// later stretch begins when all trials up to r stand at their stop before it, of which each was due by then.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "core/board.hpp"
#include "core/ids.hpp"

namespace coppice {

struct Stretch {
  TrialId trial = kNoTrial;
  std::int64_t number = 1;  ///< from 1
  auto operator<=>(const Stretch&) const = default;
};

/// Whether it has come to the stop at its end, or never will as the trial was over before.
bool has_ended(const Trial& trial, std::int64_t stretch);

/// The trial as it was known at the end of that stretch: paused there, or over. One that paused without a
/// score teaches what a stopped one does. An assessment is known of a trial's newest point alone: where that
/// is later, it is empty. Precondition: the stretch has ended.
Trial as_of(const Trial& trial, std::int64_t stretch);

/// The stretches of trials from scratch in the order in which proposals come to know them. Values; one
/// thread; O(log trials) each.
class LagOrder {
 public:
  /// Precondition: lag ≥ 1.
  explicit LagOrder(std::int64_t lag);

  /// A trial from scratch.
  void add(TrialId trial);
  /// The next one that the proposal for trial `k` is to know, of those that were not taken.
  std::optional<Stretch> next(TrialId k) const;
  /// Takes the next one. `trial`: whose stretch it is, as it stands. Returns whether a later one may follow.
  bool take(const Trial& trial);
  /// Postpones the next one until the proposal for trial `k`.
  void postpone(TrialId k);

 private:
  struct Due {
    TrialId at = 0;  ///< the first trial whose proposal knows it
    Stretch stretch;
    auto operator<=>(const Due&) const = default;
  };

  std::int64_t lag_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace coppice
