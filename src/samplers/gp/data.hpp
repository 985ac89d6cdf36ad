/// What trials teach the model: one row for each score that counts. Where trials stand at several rungs, each
/// that a trial has come to is a row, and the logarithm of its step one more feature: one Gaussian process
/// over (hyperparameters, step) learns from all of them (A. Klein, L. C. Tiao, T. Lienart, C. Archambeau, M.
/// Seeger, "Model-based asynchronous hyperparameter and neural architecture search", 2020: MOBSTER).
///
/// Pure functions; safe from any thread while nobody tells the history.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "samplers/gp/coordinates.hpp"
#include "samplers/gp/kernel.hpp"
#include "samplers/gp/warp.hpp"
#include "samplers/history.hpp"

namespace coppice::gp {

struct Data {
  std::vector<Point> points;      ///< of each row
  std::vector<double> scores;     ///< on one scale; kWorst: the trial failed, or its score was not finite
  std::vector<std::size_t> rung;  ///< of each row
  std::vector<double> places;     ///< of each rung along the model's last feature, ascending; empty: one rung
  std::size_t target = 0;         ///< the rung for which hyperparameters are sought
  std::vector<Point> pending;
  std::set<Point> taken;    ///< keys of all that was proposed
  std::size_t results = 0;  ///< trials that have a row

  std::size_t finite() const;
};

/// Rows in the order of trials, and of one trial in that of rungs. A trial that failed has one at the target,
/// the largest rung that as many trials have come to as the history asks for. `all_rungs` = false: one rung,
/// the history's.
Data gather(const History& history, const Coordinates& coordinates, bool all_rungs);

/// Keeps at most so many rows (see subset.hpp) and the most recent pending trials.
void limit(Data& data, std::size_t rows, std::size_t pending);

/// How the model sees points at the target.
Coordinates view(const Data& data, const Coordinates& coordinates);

/// Moves the target's rows to the front and makes targets of scores; nothing where all are equal. A failure
/// counts as the worst score that there is; mean and variance are of all rows, as the model's priors suppose,
/// however many failed.
std::optional<Training> train(Data& data, const Coordinates& coordinates, Warp warp);

}  // namespace coppice::gp
