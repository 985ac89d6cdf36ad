/// The entries of one rung of ASHA, with the best one that may be promoted always at hand.
/// Values; one thread. Every operation is O(log n): two ordered sets meet at a border that moves by one entry
/// at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "core/board.hpp"

namespace coppice {

class RungRanking {
 public:
  explicit RungRanking(std::int64_t eta) : eta_(eta) {}

  /// One more entry. `eligible`: whether it may be promoted; others (failed, no finite score, nothing more to
  /// train) still count.
  void add(Ranked entry, bool eligible);
  /// The best of the floor(size / eta) best that is eligible and was not taken; nothing where there is none.
  std::optional<Ranked> best() const;
  /// Takes `best()`. Precondition: there is one.
  Ranked take();
  /// What was taken competes again, with another score. `eligible` as above.
  void put_back(Ranked taken, Score score, bool eligible);

  std::int64_t size() const { return static_cast<std::int64_t>(top_.size() + rest_.size()); }
  /// floor(size / eta).
  std::int64_t promotable() const { return size() / eta_; }

 private:
  std::int64_t eta_;
  std::set<Ranked> top_;  ///< the floor(size / eta) best
  std::set<Ranked> rest_;
  std::set<Ranked> waiting_;    ///< those of top_ that are still to be promoted
  std::set<TrialId> excluded_;  ///< not eligible, or taken
};

}  // namespace coppice
