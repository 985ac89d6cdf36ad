/// What the two types of asha share: rungs, and brackets that begin at them. Pure functions of their
/// arguments.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/scheduler.hpp"

namespace coppice {

struct AshaSettings {
  /// Of the rungs; the last one is the end of a trial. With an infinite horizon that is kMaxRungStep, which
  /// nobody reaches.
  std::vector<Step> steps;
  std::int64_t eta = 3;
  std::vector<std::int64_t> weights;  ///< one for each bracket; bracket b begins at rung b
  bool progressive = false;           ///< promotion only: PASHA, see ProgressiveCap
  /// Promotion only: how often those are measured again that are to go on to the last rung.
  std::int64_t re_evaluate = 0;
};

/// Trials pause at each rung, and the best of those that wait go on.
std::unique_ptr<Scheduler> make_asha_promotion(AshaSettings settings);
/// Trials train on through the rungs, or end there.
std::unique_ptr<Scheduler> make_asha_stopping(AshaSettings settings);

/// For the next trial, by its number alone, in proportion to the weights.
std::size_t draw_bracket(const AshaSettings& settings, const SchedulerContext& context);
/// "bracket 2, ", or "" where there is only one.
std::string bracket_words(const AshaSettings& settings, std::size_t bracket);
/// "rung 2 (9 steps)".
std::string rung_words(const AshaSettings& settings, std::size_t rung);

}  // namespace coppice
