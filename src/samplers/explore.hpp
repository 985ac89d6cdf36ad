/// Explorers: what becomes of hyperparameters when a trial is cloned.
/// `ask` needs a base; it is const and depends on the seed, the trial and the base alone. Safe from any
/// thread.
#pragma once

#include <cstdint>
#include <vector>

#include "coppice/rng.hpp"
#include "coppice/search_space.hpp"
#include "core/sampler.hpp"

namespace coppice {

/// Each parameter that is not `fixed` is drawn afresh with `resample_probability`; else it moves by a factor
/// f out of `factors`:
///
/// * a log parameter is multiplied by f;
/// * a linear one moves by (f - 1) of its *range*. The paper multiplies the value; then a value of 0 stays 0
/// for ever, a small one hardly
///   moves, and a range of both signs is pulled apart;
/// * one on a grid, also an int, moves by at least one grid point; an ordered categorical one by one choice;
/// * an unordered categorical one stays.
///
/// A move ends at the range's end. Where it would be no move at all, because the value is at that end, it
/// goes the other way. A `fixed` parameter is that of the origin, as the state was trained with it. A
/// parameter that is switched on by another one's move is drawn afresh, also where it is fixed; one that is
/// switched off becomes absent. With the factor 1 and nothing resampled the base stays as it is.
class Perturb final : public Sampler {
 public:
  Perturb(SearchSpace space, std::uint64_t seed, double resample_probability, std::vector<double> factors);

  Proposal ask(const SampleRequest& request) const override;
  void tell(const Trial&) override {}

 private:
  SearchSpace space_;
  std::uint64_t seed_;
  double resample_probability_;
  std::vector<double> factors_;
};

/// `value` moved by the factor: see Perturb. A pure function.
Value perturb_value(const Parameter& parameter, const Value& value, double factor);

}  // namespace coppice
