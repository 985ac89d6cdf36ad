#include "schedulers/pbt/donors.hpp"

namespace coppice {

void Donors::clear(SchedulerContext& context) {
  for (const Origin& held : held_) context.release(held.trial, held.step);
  held_.clear();
  donors_.clear();
}

void Donors::add(SchedulerContext& context, const Donor& donor) {
  if (hold(context, donor.origin)) donors_.push_back(donor);
}

bool Donors::hold(SchedulerContext& context, const Origin& origin) {
  if (!context.has_checkpoint(origin.trial, origin.step)) return false;
  context.hold(origin.trial, origin.step);
  held_.push_back(origin);
  return true;
}

std::optional<Donor> Donors::draw(const SchedulerContext& context, std::optional<std::int64_t> rank,
                                  Rng& rng) const {
  std::vector<Donor> left;
  for (const Donor& donor : donors_) {
    const bool better = !rank || donor.rank < *rank;
    if (better && context.has_checkpoint(donor.origin.trial, donor.origin.step)) left.push_back(donor);
  }
  if (left.empty()) return std::nullopt;
  return left[rng.below(left.size())];
}

}  // namespace coppice
