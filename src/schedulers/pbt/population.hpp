/// The members of a population, what each of them is doing, and who is to have the next free worker.
///
/// A member is new until its first trial begins; then it trains, waits at the end of a segment, or has
/// failed, until it is over. A value; one thread. Choosing and every change of a member take O(log n).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "core/board.hpp"
#include "core/ids.hpp"

namespace coppice {

enum class MemberState {
  kNew,
  kTraining,
  kWaiting,  ///< stands at the end of a segment
  kChosen,   ///< synchronous: judged, and waits for a worker
  kFailed,
  kOver,
};

struct Member {
  MemberState state = MemberState::kNew;
  TrialId trial = kNoTrial;
  Step judged_at = 0;        ///< or cloned at
  std::int64_t arrival = 0;  ///< when it came to wait or failed last: the earlier one has the smaller number
  Step stands_at = 0;        ///< while it waits
  WorkerId worker = -1;      ///< while it waits: that trained it last
  Step furthest = 0;         ///< step at which it had a finite score
  int failures = 0;          ///< of its trials in a row, none of which came further
};

class Population {
 public:
  explicit Population(std::int32_t size) : members_(static_cast<std::size_t>(size)) {}

  MemberId size() const { return static_cast<MemberId>(members_.size()); }
  const Member& at(MemberId id) const { return members_.at(static_cast<std::size_t>(id)); }
  /// The member whose trial it is. Precondition: it is the one that was begun last in its place.
  MemberId member_of(const Trial& trial) const;

  /// New members begin in the order of their numbers; nothing where none is left.
  std::optional<MemberId> next_new() const;

  void train(MemberId id, TrialId trial);
  /// Its trial stands at the end of a segment.
  void wait(MemberId id, const Trial& trial);
  void choose(MemberId id) { enter(id, MemberState::kChosen); }
  void fail(MemberId id);
  void end(MemberId id) { enter(id, MemberState::kOver); }

  void set_judged_at(MemberId id, Step step) { edit(id).judged_at = step; }
  /// It has this score at `step`, where it stands: counts failures.
  void score(MemberId id, Step step, std::optional<Score> score);
  void count_failure(MemberId id) { ++edit(id).failures; }

  /// Of those that wait the least advanced; of several the one that `worker` trained last, then the one that
  /// came first.
  std::optional<MemberId> least_advanced(WorkerId worker) const;
  /// Those that have failed, the earliest first.
  const std::set<std::pair<std::int64_t, MemberId>>& failed() const { return failed_; }
  std::int64_t count(MemberState state) const;

 private:
  Member& edit(MemberId id) { return members_.at(static_cast<std::size_t>(id)); }
  void enter(MemberId id, MemberState state);

  std::vector<Member> members_;
  MemberId begun_ = 0;  ///< how many are no longer new
  std::int64_t arrivals_ = 0;
  std::set<std::tuple<Step, std::int64_t, MemberId>> waiting_;
  std::set<std::tuple<WorkerId, Step, std::int64_t, MemberId>> waiting_by_worker_;
  std::set<std::pair<std::int64_t, MemberId>> failed_;
};

}  // namespace coppice
