/// Scores at several rungs on one scale, so that one Gaussian process over (hyperparameters, step) can learn
/// from all of them (A. Klein, L. C. Tiao, T. Lienart, C. Archambeau, M. Seeger, "Model-based asynchronous
/// hyperparameter and neural architecture search", 2020: MOBSTER).
///
/// Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/ids.hpp"
#include "core/objectives.hpp"

namespace coppice::gp {

/// One trial's score at one rung.
struct RungScore {
  TrialId trial = kNoTrial;
  std::size_t rung = 0;  ///< its index, from the lowest
  Score score = kWorst;  ///< kWorst: it has no number
};

/// Each score less the mean of its rung, over the standard deviation of its rung: not of the trials that came
/// there, which were chosen for their scores below, but of all that there are. Both are estimated as where
/// the range of one variable is restricted (K. Pearson 1903; D. N. Lawley 1943): the scores at a rung
/// regressed on those, on the common scale, that the same trials had at the rung before, and the regression
/// taken at mean 0 and variance 1 of these. The slope's prior is a spread as large as on the rung before. In
/// the order of `scores`, whose trials are in ascending order and with them the rungs; kWorst stays as it is.
std::vector<double> on_one_scale(std::span<const RungScore> scores, std::size_t rungs);

}  // namespace coppice::gp
