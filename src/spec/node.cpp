#include "spec/node.hpp"

#include <algorithm>

namespace coppice {

const Entry* find_entry(const Node& node, std::string_view key) {
  if (node.kind != NodeKind::kMap) return nullptr;
  const auto found = std::find_if(node.entries.begin(), node.entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == node.entries.end() ? nullptr : &*found;
}

Entry* find_entry(Node& node, std::string_view key) {
  return const_cast<Entry*>(find_entry(static_cast<const Node&>(node), key));
}

const Node* locate(const Node& root, std::string_view path) {
  for (const Entry& entry : root.entries) {
    if (path == entry.key) return &entry.value;
    // A key may itself hold dots, so the path is matched key by key rather than split.
    if (path.size() > entry.key.size() && path.starts_with(entry.key) && path[entry.key.size()] == '.') {
      if (const Node* found = locate(entry.value, path.substr(entry.key.size() + 1))) return found;
    }
  }
  return nullptr;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNull:
      return "nothing";
    case NodeKind::kScalar:
      return "'" + node.text + "'";
    case NodeKind::kList:
      return "a list";
    case NodeKind::kMap:
      return "a mapping";
  }
  return {};
}

}  // namespace coppice
