/// What a study says of its explorer, among the options of every scheduler that clones: make_explorer reads
/// them.
#pragma once

#include <string>
#include <vector>

#include "core/options.hpp"

namespace coppice {

std::vector<OptionSpec> explorer_options();
/// "" or one sentence with the fix.
std::string check_explorer_options(const Options& options, const std::string& scheduler);

}  // namespace coppice
