/// Presets: a scheduler and a sampler under the name by which the pair is known, with the constants of the
/// paper that made it known. A pure function over the tree of a study file; the table is constant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/node.hpp"

namespace coppice {

struct Preset {
  using Options = std::vector<std::pair<std::string_view, std::string_view>>;  ///< name, YAML

  std::string_view name;
  std::string_view scheduler;
  Options scheduler_options;
  std::string_view sampler;  ///< empty: whichever the study names
  Options sampler_options;
};

std::span<const Preset> presets();

/// Writes out the key `preset` of a study, where it has one: adds names and options to `scheduler` and
/// `sampler` that they don't say themselves. Throws SpecError where they name others than the preset's.
void expand_preset(Node& study);

}  // namespace coppice
