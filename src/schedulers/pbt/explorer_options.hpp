/// What a study says of its explorer, among the options of every scheduler that clones: make_explorer reads
/// them.
#pragma once

#include <string>
#include <vector>

#include "core/options.hpp"

namespace coppice {

std::vector<OptionSpec> explorer_options();
/// Whether a clone's hyperparameters may differ from those that it is to explore from.
bool explores(const Options& options);
/// Whether they may depend on what others have reported.
bool explorer_learns(const Options& options);
/// "" or one sentence with the fix.
std::string check_explorer_options(const Options& options, const std::string& scheduler);

}  // namespace coppice
