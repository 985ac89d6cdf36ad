/// Between a study and its sampler where proposals must not depend on timing: holds back what became of
/// trials until the proposal that is to know it (see lag.hpp), and tells it in an order of its own.
///
/// Before the proposal for trial k the sampler has been told exactly this: of each trial before k that it was
/// proposed, and, when their turn came, the stretches that k knows. A resume tells the same again in the same
/// order, with the proposals of before in their places: so the order may matter to the sampler.
///
/// Clones teach a sampler nothing and are left out. Values; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/board.hpp"
#include "core/lag.hpp"

namespace coppice {

class SamplerFeed {
 public:
  explicit SamplerFeed(std::int64_t lag) : order_(lag) {}

  /// What is known of a trial now, as Sampler::tell has it. On a resume: each trial once, before anything is
  /// asked.
  void tell(const Trial& trial);
  /// What the sampler is to be told, in this order, before it is asked for `trial`. What it answers it is to
  /// be told as well, before anything else (proposed_trial). Precondition: `trial` is from scratch, and later
  /// than all that were asked for before.
  std::vector<Trial> before(TrialId trial);
  /// The trials of which there may be more to tell.
  std::int64_t held() const { return std::ssize(trials_); }

 private:
  void append_known(TrialId trial, std::vector<Trial>& told);

  LagOrder order_;
  std::map<TrialId, Trial> trials_;  ///< as far as there may be more to tell of them; without an id: not yet
  TrialId next_ = 0;                 ///< one past the last trial that was asked for
};

}  // namespace coppice
