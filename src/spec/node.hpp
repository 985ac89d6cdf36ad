/// The study file as a tree that knows where each of its parts stands. Plain values, made by yaml.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/spec_error.hpp"

namespace coppice {

enum class NodeKind { kNull, kScalar, kList, kMap };

struct Entry;

struct Node {
  NodeKind kind = NodeKind::kNull;
  std::string text = {};       ///< kScalar
  bool quoted = false;         ///< kScalar: in quotes, so it is text whatever it looks like
  std::vector<Node> items;     ///< kList
  std::vector<Entry> entries;  ///< kMap, in the order of the file, no key twice
  Place place = {};
};

struct Entry {
  std::string key;
  Place key_place;
  Node value;
};

/// Null where `node` is no mapping or has no such key.
const Entry* find_entry(const Node& node, std::string_view key);
Entry* find_entry(Node& node, std::string_view key);

/// The node at the end of a dotted path, such as space.x1.low; null where there is none.
const Node* locate(const Node& root, std::string_view path);

/// For "expected …, found …": 'text', nothing, a list, a mapping.
std::string describe(const Node& node);

}  // namespace coppice
