/// A prior over a parameter's range, on the scale that the parameter is searched in: its values, or their
/// logarithms. Immutable; safe from any thread.
#pragma once

#include <string>

#include "coppice/search_space.hpp"

namespace coppice {

/// A normal distribution truncated to [from, to].
class PriorScale {
 public:
  /// A grid that reaches further than so many deviations has cells without a share of [0, 1] in double
  /// precision. A continuous range may: far out its values share an encoding.
  static constexpr double kMostDeviations = 7;

  /// Why the parameter can't have its prior, in a sentence with the fix; "" where it can or has none.
  /// Precondition: its range is valid.
  static std::string problem(const Parameter& parameter);

  /// Preconditions: from < to, deviation > 0, from <= mean <= to.
  PriorScale(double mean, double deviation, double from, double to);

  /// The probability of [from, x], in [0, 1].
  double share(double x) const;
  /// The x with share(x) = u, in [from, to].
  double quantile(double u) const;

 private:
  double mean_;
  double deviation_;
  double from_;
  double to_;
  double below_;  ///< what the normal distribution has below `from`, and between `from` and `to`
  double inside_;
};

}  // namespace coppice
