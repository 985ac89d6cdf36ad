/// What is wanted of a trial: one objective or several, and constraints; and what one reported of them.
///
/// Pure values. With several objectives the curve of a trial, and so all that schedulers compare, is the
/// first one's; a sampler for several (NSGA-II: Deb et al., IEEE Trans. Evol. Comput. 6(2), 2002) sees all.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/trainable.hpp"

namespace coppice {

/// What an objective was, turned so that lower is better; NaN and infinities are +inf, which ranks last
/// whatever the direction.
using Score = double;
inline constexpr Score kWorst = std::numeric_limits<Score>::infinity();

struct Objective {
  std::string metric;
  bool minimize = true;

  /// kWorst where `value` isn't finite.
  Score score_of(double value) const;
  /// The value that a score stands for; NaN for kWorst.
  double value_of(Score score) const;
};

/// The metric is to be `upper` at most.
struct Constraint {
  std::string metric;
  double upper = 0;
};

/// One report, as far as objectives and constraints go.
struct Assessment {
  std::vector<Score> scores;  ///< one for each objective, in the study's order; kWorst where not reported
  std::vector<double> violations;  ///< one for each constraint: how far above its bound, 0 where it is kept,
                                   ///< +inf where the metric isn't finite or wasn't reported

  /// The sum of the violations: 0 where all constraints are kept.
  double violation() const;
  bool operator==(const Assessment&) const = default;
};

/// What was reported for a metric; nothing where it wasn't. Of several under one name the last counts: in a
/// report of repeats the means come last (repeats.hpp).
std::optional<double> find_metric(const Metrics& metrics, std::string_view name);

Assessment assess(const std::vector<Objective>& objectives, const std::vector<Constraint>& constraints,
                  const Metrics& metrics);

/// Constrained domination (Deb et al. 2002, section VI): what keeps all constraints dominates what doesn't;
/// of two that don't, the one with the smaller violation; of two that do, the one that is no worse in any
/// objective and better in one. Precondition: assessed by the same objectives and constraints.
bool dominates(const Assessment& a, const Assessment& b);

}  // namespace coppice
