/// How the members of a population stand against each other, at equal steps.
///
/// At each *ready step* (a multiple of the interval) there is at most one entry for each member: the score
/// there of the trial in whose line of descent the member stands. Keeps the states of those that may become
/// donors, through the context: at each ready step the best `held` of a full population, until
/// `forget_before`.
/// One thread. A rank is found in O(log n) of the entries at its step; a new entry, and looking for donors,
/// goes through the best k.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "coppice/rng.hpp"
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
  Standings(std::int64_t population, double quantile, std::int64_t held)
      : population_(population), quantile_(quantile), held_(held) {}

  void record(SchedulerContext& context, Step step, MemberId member, Ranked ranked);
  /// The member goes on from `step` in another line of descent: what stood after it counts no more.
  void forget_after(SchedulerContext& context, MemberId member, Step step);
  void forget_before(SchedulerContext& context, Step step);
  /// The states of the member's trial are no longer anybody's origin; its entries still count.
  void disqualify(SchedulerContext& context, MemberId member, TrialId trial);

  /// The largest multiple of `period` in (after, upto] at which at least max(2, ceil(population / 2)) members
  /// have entries.
  std::optional<Step> comparable_step(Step after, Step upto, Step period) const;
  /// Nothing where the member has no entry there.
  std::optional<Standing> standing(Step step, MemberId member) const;
  /// One at random of the best truncation_size that `member` might copy at `step` (another member, not
  /// disqualified, a rank before `rank`, a finite score) whose state is there.
  std::optional<Standing> draw_donor(const SchedulerContext& context, Step step, MemberId member, Rng& rng,
                                     std::int64_t rank = std::numeric_limits<std::int64_t>::max()) const;
  /// The best ones that a member of other standings might copy at `step`, whose score comes before `ranked`:
  /// at most truncation_size of them, best first.
  std::vector<Standing> better_donors(const SchedulerContext& context, Step step, const Ranked& ranked) const;
  /// Another member with an entry at `step`, at random.
  std::optional<Standing> draw_opponent(Step step, MemberId member, Rng& rng) const;
  /// Whether one with an entry at `step` has a finite score, is not disqualified, and its state is there.
  bool is_donor(const SchedulerContext& context, Step step, const Standing& standing) const;
  std::optional<Standing> best(Step step) const;
  /// The largest step at which there are donors for `member` (kNoMember: for anybody); those with enough
  /// members to compare come first.
  std::optional<Step> donor_step(const SchedulerContext& context, MemberId member) const;

 private:
  struct Entry {
    Ranked ranked;
    MemberId member = kNoMember;
    bool disqualified = false;
    bool held = false;
  };
  struct Table {
    std::vector<Entry> entries;         ///< best first
    std::map<MemberId, Ranked> scores;  ///< the same, by member

    std::int64_t size() const { return std::ssize(entries); }
    std::size_t position(const Ranked& ranked) const;
  };

  std::int64_t quorum() const { return population_ < 3 ? 2 : (population_ + 1) / 2; }
  Standing standing(const Table& table, std::size_t position) const;
  std::vector<std::size_t> candidates(const Table& table, MemberId member, std::int64_t rank) const;
  bool has_donor(const SchedulerContext& context, Step step, const Table& table, MemberId member) const;
  void update_holds(SchedulerContext& context, Step step, Table& table);
  static void remove(SchedulerContext& context, Step step, Table& table, MemberId member);
  static void release(SchedulerContext& context, Step step, Entry& entry);

  std::int64_t population_;
  double quantile_;
  std::int64_t held_;
  std::map<Step, Table> steps_;
};

}  // namespace coppice
