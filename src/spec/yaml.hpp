/// YAML text to a Node tree: anchors and merge keys resolved, duplicate keys refused, every part with its
/// place. The only part of coppice that knows the YAML library.
#pragma once

#include <string>
#include <string_view>

#include "spec/node.hpp"

namespace coppice {

/// `text` is a whole file, valid UTF-8. Throws SpecError for what is no YAML, with several documents, tags of
/// its own or more than 100,000 nodes. A file without content gives a kNull node.
Node read_yaml(const std::string& text, const std::string& file);

/// The VALUE of --set; every place is `argument`, without a line.
Node read_yaml_value(const std::string& text, const std::string& argument);

}  // namespace coppice
