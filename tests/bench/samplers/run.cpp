#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>

#include "coppice/rng.hpp"

namespace coppice::bench {

std::vector<double> regrets(Sampler& sampler, const Problem& problem, int evaluations, int workers,
                            std::uint64_t seed) {
  Rng durations(seed, Purpose::kSimulate, 0);
  Rng errors(seed, Purpose::kSimulate, 1);
  using End = std::pair<double, TrialId>;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  std::vector<Trial> trials;
  std::vector<double> best;
  double now = 0;
  double least = kWorst;   // told
  double regret = kWorst;  // of that trial, in truth
  while (static_cast<int>(best.size()) < evaluations) {
    while (static_cast<int>(ends.size()) < workers && static_cast<int>(trials.size()) < evaluations) {
      Trial trial;
      trial.id = static_cast<TrialId>(trials.size());
      Proposal proposal = sampler.ask({trial.id, nullptr});
      trial.params = std::move(proposal.params);
      trial.tag = std::move(proposal.tag);
      trial.state = TrialState::kRunning;
      sampler.tell(trial);
      ends.emplace(now + std::exp(0.5 * durations.normal()), trial.id);
      trials.push_back(std::move(trial));
    }
    const auto [time, id] = ends.top();
    ends.pop();
    now = time;
    Trial& trial = trials[static_cast<std::size_t>(id)];
    const double value = problem.value(problem.space, trial.params);
    if (std::isnan(value)) {
      trial.state = TrialState::kFailed;
    } else {
      const double told = problem.noise > 0 ? value + problem.noise * errors.normal() : value;
      trial.curve = {{1, told}};
      trial.steps = trial.stands_at = 1;
      trial.state = TrialState::kComplete;
      if (told < least) {
        least = told;
        regret = value - problem.optimum;
      }
    }
    sampler.tell(trial);
    best.push_back(regret);
  }
  return best;
}

Quartiles quartiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    const double position = q * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(position);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return std::lerp(values[low], values[high], position - static_cast<double>(low));
  };
  return {at(0.25), at(0.5), at(0.75)};
}

}  // namespace coppice::bench
