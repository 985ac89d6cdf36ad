/// TPE's model of one group of parameters that are present together: which observations are good ones, and a
/// Parzen estimator of the good ones and of the rest. README.md beside has the formulas.
///
/// A function of what is known of the trials, not of the order in which that was told. Written by one thread;
/// read by any number while nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "coppice/rng.hpp"
#include "core/board.hpp"
#include "core/ids.hpp"
#include "samplers/history.hpp"
#include "samplers/tpe/axis.hpp"
#include "samplers/tpe/kernels.hpp"

namespace coppice::tpe {

class Model {
 public:
  /// `gamma`: the share of the results that counts as good.
  Model(std::vector<Axis> axes, double gamma);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Takes what is known of a trial now; `point` has a number for each axis and is always the same.
  void tell(TrialId trial, const Observation& now, std::span<const double> point);
  /// Ends a series of tells: call it before anything below.
  void settle();

  /// `count` candidates, drawn with `spread` times the bandwidth, the most promising first: by the logarithm
  /// of the good estimator's density over the other's, where equal in the order in which they were drawn.
  Points propose(Rng& rng, std::size_t count, double spread = 1) const;

  std::size_t results() const { return results_.size(); }
  std::size_t good() const { return good_.size(); }

 private:
  std::span<const double> point(TrialId trial) const {
    return points_.point(static_cast<std::size_t>(trial));
  }
  bool is_good(TrialId trial) const;
  void split();
  void bound_rest();
  void fit_good();

  std::vector<Axis> axes_;
  double gamma_;
  Points points_;                          ///< by trial
  std::vector<Observation> observations_;  ///< by trial
  std::set<Ranked> results_;               ///< trials that have one, best first
  std::size_t finite_ = 0;                 ///< how many of those have a number
  std::int64_t behind_ = 0;                ///< trials that stand at an earlier step
  std::vector<Ranked> good_;               ///< best first
  TrialId oldest_ = 0;                     ///< the first that `rest_` may hold
  Kernels near_;                           ///< of the good ones: slots are positions by age
  Kernels rest_;                           ///< of all others, pending ones too: slots are trials
};

}  // namespace coppice::tpe
