/// One mapping of the study file whose keys are all known. Refers to its node, which must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/node.hpp"

namespace coppice {

class Reader {
 public:
  /// `path` is the dotted path of the node, empty for the whole file; `example` says what a right one looks
  /// like. Throws SpecError if the node is no mapping, or at its first key that is not in `known`.
  Reader(const Node& node, std::string path, const std::vector<std::string>& known, std::string_view example);

  /// Null where the key is absent.
  const Node* find(std::string_view key) const;
  /// Throws SpecError at the mapping where the key is absent.
  const Node& require(std::string_view key, std::string_view example) const;
  /// The dotted path of a key.
  std::string path(std::string_view key) const;
  const Node& node() const { return node_; }

 private:
  const Node& node_;
  std::string path_;
};

}  // namespace coppice
