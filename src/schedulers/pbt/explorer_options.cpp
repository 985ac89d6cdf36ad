#include "schedulers/pbt/explorer_options.hpp"

namespace coppice {

std::vector<OptionSpec> explorer_options() {
  return {{.name = "explore",
           .type = OptionType::kText,
           .help = "what becomes of a clone's hyperparameters: perturb, resample, pb2: where a model expects "
                   "the fastest improvement, or none: it keeps its own; or a program of yours: {command: "
                   "[python3, explore.py]} or {plugin: ./libexplore.so}",
           .choices = {"perturb", "resample", "pb2", "none"},
           .program = true},
          {.name = "resample_probability",
           .type = OptionType::kNumber,
           .help = "of each hyperparameter, when it is perturbed (0.25)",
           .low = 0,
           .high = 1},
          {.name = "factors",
           .type = OptionType::kNumbers,
           .help = "one of which a hyperparameter is perturbed by ([0.8, 1.2])",
           .low = 0.01,
           .high = 100}};
}

bool explores(const Options& options) {
  return options.program("explore") != nullptr || options.text("explore", "perturb") != "none";
}

bool explorer_learns(const Options& options) {
  return options.program("explore") != nullptr || options.text("explore", "perturb") == "pb2";
}

std::string check_explorer_options(const Options& options, const std::string& scheduler) {
  if (!options.numbers("factors", {1}).empty()) return "";
  return scheduler + ".factors is empty; name at least one, e.g. [0.8, 1.2]";
}

}  // namespace coppice
