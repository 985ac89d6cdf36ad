/// Iterated population-based training: a synchronous population that begins anew with other hyperparameters,
/// and twice the interval, where it gets no better. After "Iterated PBT" (2025), whose aim is that the
/// interval need not be tuned. See src/schedulers/pbt/README.md.
///
/// 2 x population trials begin; at the first comparison the better half stays. After that the worst
/// `quantile` gives way to one of the best at each comparison, as in pbt. Where the best scores stagnate
/// (stagnation.hpp) the population restarts and the interval doubles, unless fewer than two of the new
/// intervals would be left.
///
/// *Departures.* The authors shrink and perturb the weights at a restart, of all members, and half of them
/// begin with fresh ones. A tuner can't look into a state. So here the worse part of the members, `fresh` of
/// them, begins afresh with hyperparameters of the study's sampler, and the others keep their states whole
/// and get hyperparameters of the explorer, from those of one of the best. Which ones begin afresh is ours,
/// too.
///
/// Members are compared at equal *population steps*: steps since the population began, of which a trial that
/// began afresh has trained only those since its restart. It trains no longer than the others: the cost of a
/// study is that of the population and of the first interval of its other half.
///
/// Every decision is made where all stand and depends on results alone. One thread.
#pragma once

#include <memory>

#include "core/scheduler.hpp"

namespace coppice {

struct IteratedSettings {
  std::int32_t population = 0;
  Step interval = 1;  ///< the first one
  Step steps = 1;
  double quantile = 0.25;
  bool explore = true;
  double fresh = 0.5;
};

std::unique_ptr<Scheduler> make_iterated_pbt(const IteratedSettings& settings);

}  // namespace coppice
