#include "schedulers/brackets.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace coppice {

std::vector<Step> rung_steps(Step min_steps, Step max_steps, std::int64_t eta) {
  check(1 <= min_steps && min_steps <= max_steps && max_steps <= kMaxRungStep && eta >= 2,
        "rungs out of range");
  std::vector<Step> steps;
  // step <= (max_steps - 1) / eta iff step * eta < max_steps, without the product.
  for (Step step = min_steps; step < max_steps; step *= eta) {
    steps.push_back(step);
    if (step > (max_steps - 1) / eta) break;
  }
  steps.push_back(max_steps);
  return steps;
}

std::vector<Step> rung_steps_from_last(Step max_steps, std::int64_t eta) {
  check(1 <= max_steps && max_steps <= kMaxRungStep && eta >= 2, "rungs out of range");
  std::vector<Step> steps;
  for (std::int64_t power = 1;; power *= eta) {
    steps.push_back((2 * max_steps + power) / (2 * power));
    if (power > max_steps / eta) break;
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::vector<BracketPlan> hyperband_brackets(Step max_steps, std::int64_t eta, BracketSizes sizes,
                                            RungsFrom from) {
  const std::vector<Step> steps =
      from == RungsFrom::kLast ? rung_steps_from_last(max_steps, eta) : rung_steps(1, max_steps, eta);
  const auto count = static_cast<std::int64_t>(steps.size());  // s_max + 1
  std::vector<std::int64_t> power = {1};
  while (power.size() < steps.size()) power.push_back(power.back() * eta);

  std::vector<BracketPlan> brackets;
  for (std::int64_t s = count - 1; s >= 0; --s) {
    const std::int64_t width = power[static_cast<std::size_t>(s)];
    std::int64_t trials =
        sizes == BracketSizes::kFormula ? (count * width + s) / (s + 1) : count / (s + 1) * width;
    BracketPlan& bracket = brackets.emplace_back(BracketPlan{s, {}});
    for (std::int64_t rung = count - 1 - s; rung < count; ++rung) {
      bracket.rungs.push_back({steps[static_cast<std::size_t>(rung)], trials});
      trials = survivors(trials, eta);
    }
  }
  return brackets;
}

}  // namespace coppice
