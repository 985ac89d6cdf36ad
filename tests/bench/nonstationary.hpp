/// Trainings whose best hyperparameters change on the way, and how schedulers do on them at an equal number
/// of steps, in the simulator.
///
/// * drift: the loss falls by a share that depends on how near two numbers and a choice are to where the
///   optimum is at that step; it moves over the whole range. Too high a number diverges.
/// * decay: the noisy quadratic model (Zhang et al., "Which algorithmic choices matter at which batch
/// sizes?",
///   NeurIPS 2019): a high rate is needed for the flat direction and costs noise in the steep one, so that it
///   has to fall, and whoever lets it fall for a quick gain gets no further.
/// * the networks of real_trainings.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/options.hpp"

namespace coppice {

struct Method {
  std::string name;
  std::string scheduler;
  std::vector<std::pair<std::string, OptionValue>> options;
  std::string sampler = "random";
  std::vector<std::pair<std::string, OptionValue>> sampler_options = {};
};

/// For populations of `population` members that train `steps` steps.
std::vector<Method> nonstationary_methods(std::int64_t population, std::int64_t steps);

/// The lowest loss reported within the first population * steps steps that were trained.
double run_nonstationary(const std::string& problem, const Method& method, std::int64_t population,
                         std::uint64_t seed);

/// Steps of one training.
std::int64_t nonstationary_steps(const std::string& problem);

}  // namespace coppice
