#include "spec/reader.hpp"

#include <algorithm>
#include <utility>

#include "core/nearest.hpp"
#include "spec/scalars.hpp"

namespace coppice {

Reader::Reader(const Node& node, std::string path, const std::vector<std::string>& known,
               std::string_view example)
    : node_(node), path_(std::move(path)) {
  if (node.kind != NodeKind::kMap) {
    fail(node.place, path_.empty() ? "study" : path_,
         "expected a mapping such as " + std::string(example) + ", found " + describe(node));
  }
  for (const Entry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      throw SpecError(entry.key_place, "unknown key '" + entry.key + "'" +
                                           (path_.empty() ? "" : " in " + path_) + suggest(entry.key, known));
    }
  }
}

const Node* Reader::find(std::string_view key) const {
  const Entry* entry = find_entry(node_, key);
  return entry == nullptr ? nullptr : &entry->value;
}

const Node& Reader::require(std::string_view key, std::string_view example) const {
  if (const Node* node = find(key)) return *node;
  fail(node_.place, path(key), "is missing; add " + std::string(example));
}

std::string Reader::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

}  // namespace coppice
