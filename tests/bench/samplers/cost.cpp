#include "cost.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "../../support/parameters.hpp"
#include "coppice/rng.hpp"
#include "samplers/catalog.hpp"

namespace coppice::bench {

namespace {

SearchSpace twenty() {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "p" + std::to_string(i);
    const bool log = i % 2 == 0;
    parameters.push_back(i < 10   ? spaces::number(name, 1, 60, log)
                         : i < 15 ? spaces::integer(name, 1, 60, log)
                                  : spaces::choice(name, {"a", "b", "c", "d"}));
  }
  return SearchSpace(std::move(parameters));
}

/// This thread's time on a processor: others may be busy.
double now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double quantile(std::vector<double> values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

Cost measure_cost(const std::string& name, int trials) {
  const SearchSpace space = twenty();
  Options options;
  if (name == "grid") options.set("points", std::int64_t{2});  // with more they can't be counted
  const auto sampler = make_sampler(name, options, space, 1);
  constexpr int kTimed = 300;
  constexpr int kTimedAtLeast = 20;
  constexpr double kEnoughUs = 3e6;
  double spent_us = 0;
  Rng scores(1, Purpose::kSimulate, 0);
  std::vector<double> asks;
  std::vector<double> tells;
  // The results before are those of random search: asking for all of them would take the most time.
  const auto random = make_sampler("random", {}, space, 1);
  for (TrialId id = 0; id < trials + kTimed; ++id) {
    if (id >= trials + kTimedAtLeast && spent_us > kEnoughUs) break;
    const bool timed = id >= trials;
    Trial trial;
    trial.id = id;
    trial.state = TrialState::kRunning;
    double begin = now_us();
    Proposal proposal = (timed ? sampler : random)->ask({id, nullptr});
    if (timed) {
      asks.push_back(now_us() - begin);
      spent_us += asks.back();
    }
    trial.params = std::move(proposal.params);
    trial.tag = std::move(proposal.tag);
    for (const bool over : {false, true}) {
      if (over) {
        trial.state = TrialState::kComplete;
        trial.curve = {{1, scores.normal()}};
      }
      begin = now_us();
      sampler->tell(trial);
      if (timed) tells.push_back(now_us() - begin);
    }
  }
  return {quantile(asks, 0.5), quantile(tells, 0.5), quantile(tells, 0.99)};
}

}  // namespace coppice::bench
