/// The best trials of a study and how they came about. Pure functions of the tables of study.h5.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "results/table.hpp"

namespace coppice {

/// One stretch of a schedule of hyperparameters: from the step after `from_step` on, these were in force.
struct ScheduleRow {
  std::int64_t trial = -1;
  std::int64_t from_step = 0;
  std::int64_t to_step = 0;
  std::vector<std::pair<std::string, std::string>> params;  ///< as text; absent ones left out
};

struct BestTrial {
  std::int64_t trial = -1;
  std::int64_t step = 0;  ///< where it reported its best value
  double value = 0;
  /// From scratch to `step`: one row, or one for each trial of the chain of clones that leads here.
  std::vector<ScheduleRow> schedule;
};

/// The `count` trials with the best reports, best first, ties by trial; trials without a finite value are
/// left out.
std::vector<BestTrial> best_trials(const Tables& tables, int count);

}  // namespace coppice
