/// Whom the members of a population that stands may copy until the next comparison, and the states that are
/// held for them until then. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coppice/rng.hpp"
#include "core/scheduler.hpp"

namespace coppice {

struct Donor {
  Ranked ranked;
  Origin origin;
  std::int64_t rank = 0;  ///< from 1
  Step begun_at = 0;      ///< the population step at which its line of descent began
};

class Donors {
 public:
  /// A comparison begins: nobody is one any more, and no state is held.
  void clear(SchedulerContext& context);
  /// Precondition: after those that rank before it. Where its state is gone it is none.
  void add(SchedulerContext& context, const Donor& donor);
  /// Returns whether the state is there.
  bool hold(SchedulerContext& context, const Origin& origin);
  /// One at random of those whose states are there still, only of ranks before `rank` where there is one.
  std::optional<Donor> draw(const SchedulerContext& context, std::optional<std::int64_t> rank,
                            Rng& rng) const;

 private:
  std::vector<Donor> donors_;  ///< best first
  std::vector<Origin> held_;
};

}  // namespace coppice
