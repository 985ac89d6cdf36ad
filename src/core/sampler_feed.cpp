#include "core/sampler_feed.hpp"

#include <utility>

#include "core/check.hpp"
#include "core/sampler.hpp"

namespace coppice {

void SamplerFeed::tell(const Trial& trial) {
  if (trial.origin) return;
  const auto known = trials_.find(trial.id);
  if (known == trials_.end()) {
    // An earlier one is no more to be told of.
    if (trial.id >= next_) trials_.emplace(trial.id, trial);
  } else if (is_over(trial.state) || trial.stops.size() > known->second.stops.size()) {
    known->second = trial;
  }
}

std::vector<Trial> SamplerFeed::before(TrialId trial) {
  check(trial >= next_, "proposals are asked for in the order of trials");
  std::vector<Trial> told;
  // Those that were not asked for here were proposed before the resume, unless they are clones.
  for (auto it = trials_.lower_bound(next_); it != trials_.end() && it->first < trial;) {
    const TrialId earlier = it->first;
    append_known(earlier, told);
    told.push_back(proposed_trial({earlier}, it->second.params, it->second.tag));
    order_.add(earlier);
    it = trials_.upper_bound(earlier);
  }
  append_known(trial, told);
  trials_.try_emplace(trial);  // it will be told of
  order_.add(trial);
  next_ = trial + 1;
  return told;
}

void SamplerFeed::append_known(TrialId trial, std::vector<Trial>& told) {
  while (const auto stretch = order_.next(trial)) {
    const auto known = trials_.find(stretch->trial);
    check(known != trials_.end(), "what is still to be told of is held");
    if (!has_ended(known->second, stretch->number)) {
      order_.postpone(trial + 1);  // the study didn't wait for it: it was begun without a lag
      continue;
    }
    told.push_back(as_of(known->second, stretch->number));
    if (!order_.take(known->second)) trials_.erase(known);
  }
}

}  // namespace coppice
