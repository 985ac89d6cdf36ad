/// Rungs and brackets of successive halving and Hyperband, by integer arithmetic only: with logarithms of
/// floating-point numbers, log(243) / log(3) is a little less than 5, and a bracket is lost. Pure functions;
/// safe from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"

namespace coppice {

/// More steps than this are refused when a study is checked: below it no product here overflows.
inline constexpr Step kMaxRungStep = 1'000'000'000'000;

/// min_steps * eta^k for all k where that is less than max_steps, then max_steps itself.
/// Precondition: 1 <= min_steps <= max_steps <= kMaxRungStep, eta >= 2.
std::vector<Step> rung_steps(Step min_steps, Step max_steps, std::int64_t eta);

/// max_steps / eta^k, to the nearest integer (halves up), for k = s_max, …, 0, where s_max is the largest one
/// with eta^s_max <= max_steps: r_i of Algorithm 1 of Li et al., JMLR 18 (2018). Strictly increasing. Each
/// rung is eta times as long as the one before, so that all cost the same; where max_steps is a power of eta,
/// rung_steps(1, max_steps, eta). Precondition: 1 <= max_steps <= kMaxRungStep, eta >= 2.
std::vector<Step> rung_steps_from_last(Step max_steps, std::int64_t eta);

/// How many of `count` go on to the next rung: floor(count / eta), but at least one.
constexpr std::int64_t survivors(std::int64_t count, std::int64_t eta) {
  return count / eta > 0 ? count / eta : 1;
}

enum class BracketSizes {
  kFormula,  ///< n = ceil((s_max + 1) eta^s / (s + 1)): Algorithm 1 of Li et al., JMLR 18 (2018)
  kTable,    ///< n = floor((s_max + 1) / (s + 1)) eta^s: Table 1 of the same paper
};

enum class RungsFrom {
  kLast,   ///< rung_steps_from_last(max_steps, eta)
  kFirst,  ///< rung_steps(1, max_steps, eta): 1, 3, 9, 27, 56 for 56 steps
};

struct Rung {
  Step step = 0;
  std::int64_t trials = 0;  ///< that reach it
};

/// Bracket s has s + 1 rungs: the last s + 1 of all.
struct BracketPlan {
  std::int64_t s = 0;
  std::vector<Rung> rungs;
};

/// All brackets of one iteration of Hyperband, from s_max (most trials, fewest steps) to 0.
std::vector<BracketPlan> hyperband_brackets(Step max_steps, std::int64_t eta, BracketSizes sizes,
                                            RungsFrom from = RungsFrom::kLast);

}  // namespace coppice
