/// --set KEY=VALUE: changes of the Node tree before it is read, so that they are checked like the file
/// itself.
#pragma once

#include <string>

#include "spec/node.hpp"

namespace coppice {

/// `argument` is "KEY=VALUE": KEY a dotted path (an index in a list is a number from 0), VALUE any YAML
/// value. Mappings on the way are made where they are missing. Throws SpecError "--set KEY=VALUE: …".
void apply_override(Node& root, const std::string& argument);

}  // namespace coppice
