/// Numbers trials from 0 on without counting reruns, which take a trial's number and no point of a sequence.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/board.hpp"

namespace coppice {

class FreshNumbers {
 public:
  void tell(const Trial& trial) {
    if (!trial.is_rerun()) return;
    const auto at = std::lower_bound(reruns_.begin(), reruns_.end(), trial.id);
    if (at == reruns_.end() || *at != trial.id) reruns_.insert(at, trial.id);
  }
  /// Of a trial that is no rerun.
  std::int64_t of(TrialId trial) const {
    return trial - (std::lower_bound(reruns_.begin(), reruns_.end(), trial) - reruns_.begin());
  }

 private:
  std::vector<TrialId> reruns_;  ///< sorted
};

}  // namespace coppice
