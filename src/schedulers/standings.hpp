/// How the members of a PBT population stand against each other, at equal steps.
///
/// At each *ready step* (a multiple of the interval) there is at most one entry for each member: the score
/// there of the trial in whose line of descent the member stands. Keeps the states of those that may become
/// donors, through the context: at each ready step the best k of a full population, until `forget_before`.
/// One thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "core/scheduler.hpp"

namespace coppice {

/// The size of the upper and of the lower end of `count` ranked members: at least 1, at most half of them.
std::int64_t truncation_size(double quantile, std::int64_t count);

struct Standing {
  MemberId member = kNoMember;
  Ranked ranked;
  std::int64_t rank = 0;   ///< from 1
  std::int64_t count = 0;  ///< of members with an entry
  bool in_bottom = false;  ///< among the truncation_size worst, or without a finite score
};

class Standings {
 public:
  Standings(std::int32_t population, double quantile) : population_(population), quantile_(quantile) {}

  void record(SchedulerContext& context, Step step, MemberId member, Ranked ranked);
  /// The member goes on from `step` in another line of descent: what stood after it counts no more.
  void forget_after(SchedulerContext& context, MemberId member, Step step);
  void forget_before(SchedulerContext& context, Step step);
  /// The trial's states are no longer anybody's origin; its entries still count.
  void disqualify(SchedulerContext& context, TrialId trial);

  /// The largest ready step in (after, upto] at which at least max(2, ceil(population / 2)) members have
  /// entries.
  std::optional<Step> comparable_step(Step after, Step upto) const;
  /// Nothing where the member has no entry there.
  std::optional<Standing> standing(Step step, MemberId member) const;
  /// Of the best truncation_size that `member` might copy at `step` (another member, not disqualified, a rank
  /// before `rank`, a finite score) those whose state is there. Best first.
  std::vector<Standing> donors(const SchedulerContext& context, Step step, MemberId member,
                               std::int64_t rank = std::numeric_limits<std::int64_t>::max()) const;
  /// The largest step at which there are donors for `member`; those with enough members to compare come
  /// first.
  std::optional<Step> donor_step(const SchedulerContext& context, MemberId member) const;

 private:
  struct Entry {
    Ranked ranked;
    bool disqualified = false;
    bool held = false;
  };
  using Entries = std::map<MemberId, Entry>;

  std::int64_t quorum() const { return population_ < 3 ? 2 : (population_ + 1) / 2; }
  std::vector<Standing> ranking(const Entries& entries) const;
  void update_holds(SchedulerContext& context, Step step, Entries& entries);
  static void release(SchedulerContext& context, Step step, Entry& entry);

  std::int64_t population_;
  double quantile_;
  std::map<Step, Entries> steps_;
};

}  // namespace coppice
