/// A scheduler × a sampler on a problem with learning curves, in the simulator: the same Study as in a real
/// run, until a budget of training is spent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/ids.hpp"
#include "core/options.hpp"

namespace coppice::bench {

struct Method {
  std::string name;
  std::string scheduler;
  Options scheduler_options = {};
  std::string sampler;
  Options sampler_options = {};
  std::vector<Step> measured = {};  ///< the steps at which the scheduler looks
};

/// Those that the benches compare, by name; `steps` are those of a full training. Throws
/// std::invalid_argument where there is none.
Method method_of(const std::string& name, Step steps);

/// What is tuned. One object for one run, one thread.
class CurveProblem {
 public:
  CurveProblem() = default;
  CurveProblem(const CurveProblem&) = delete;
  CurveProblem& operator=(const CurveProblem&) = delete;
  virtual ~CurveProblem() = default;

  virtual const SearchSpace& space() const = 0;
  /// Of a full training.
  virtual Step steps() const = 0;
  /// The objective, to be minimised, after a step of training; nothing where it isn't measured there.
  /// Throws BudgetSpent where there is nothing left to train with, std::exception where the trial fails.
  virtual std::optional<double> train(TrialId trial, const Parameters& params, Step step) = 0;
};

/// Ends a run. No std::exception: that would be a failure of the trial.
struct BudgetSpent {};

/// Until the problem throws BudgetSpent. Returns how many trials there were.
std::int64_t run(const Method& method, CurveProblem& problem, int workers, std::uint64_t seed);

}  // namespace coppice::bench
