#include "schedulers/pbt/population.hpp"

#include <algorithm>
#include <limits>

#include "core/check.hpp"

namespace coppice {

MemberId Population::member_of(const Trial& trial) const {
  check(at(trial.member).trial == trial.id, "a member's trial is the one that was begun last in its place");
  return trial.member;
}

std::optional<MemberId> Population::next_new() const {
  return begun_ < size() ? std::optional(begun_) : std::nullopt;
}

void Population::enter(MemberId id, MemberState state) {
  Member& member = edit(id);
  if (member.state == MemberState::kWaiting) {
    waiting_.erase({member.stands_at, member.arrival, id});
    waiting_by_worker_.erase({member.worker, member.stands_at, member.arrival, id});
  } else if (member.state == MemberState::kFailed) {
    failed_.erase({member.arrival, id});
  } else if (member.state == MemberState::kNew) {
    check(id == begun_, "members begin in the order of their numbers");
    ++begun_;
  }
  member.state = state;
}

void Population::train(MemberId id, TrialId trial) {
  enter(id, MemberState::kTraining);
  edit(id).trial = trial;
}

void Population::wait(MemberId id, const Trial& trial) {
  enter(id, MemberState::kWaiting);
  Member& member = edit(id);
  member.arrival = ++arrivals_;
  member.stands_at = trial.stands_at;
  member.worker = trial.worker;
  waiting_.emplace(member.stands_at, member.arrival, id);
  waiting_by_worker_.emplace(member.worker, member.stands_at, member.arrival, id);
}

void Population::fail(MemberId id) {
  enter(id, MemberState::kFailed);
  edit(id).arrival = ++arrivals_;
  failed_.emplace(at(id).arrival, id);
}

void Population::score(MemberId id, Step step, std::optional<Score> score) {
  Member& member = edit(id);
  if (score == kWorst) {
    ++member.failures;
  } else if (step > member.furthest) {
    member.furthest = step;
    member.failures = 0;
  }
}

std::optional<MemberId> Population::least_advanced(WorkerId worker) const {
  if (waiting_.empty()) return std::nullopt;
  const auto [step, arrival, first] = *waiting_.begin();
  const auto own =
      waiting_by_worker_.lower_bound({worker, step, std::numeric_limits<std::int64_t>::min(), 0});
  if (own == waiting_by_worker_.end()) return first;
  return std::get<0>(*own) == worker && std::get<1>(*own) == step ? std::get<3>(*own) : first;
}

std::int64_t Population::count(MemberState state) const {
  return std::count_if(members_.begin(), members_.end(),
                       [state](const Member& member) { return member.state == state; });
}

}  // namespace coppice
