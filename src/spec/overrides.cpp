#include "spec/overrides.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "spec/utf8.hpp"
#include "spec/yaml.hpp"

namespace coppice {

namespace {

/// Where the first key of the path ends. A key of `node` may hold dots itself: the longest that fits wins.
std::size_t key_length(const Node& node, std::string_view path) {
  std::size_t longest = 0;
  for (const Entry& entry : node.entries) {
    const std::string_view key = entry.key;
    const bool fits = path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
    if (fits && key.size() > longest) longest = key.size();
  }
  return longest > 0 ? longest : std::min(path.find('.'), path.size());
}

Node& list_item(Node& list, std::string_view key, const Place& place) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size() || index >= list.items.size()) {
    throw SpecError(place, "'" + std::string(key) + "' is no index of a list of " +
                               std::to_string(list.items.size()) + "; the first is 0");
  }
  return list.items[index];
}

/// Whether an algorithm's name may stand at this path: sampler, scheduler, stoppers.0.
bool holds_algorithm(std::string_view path) {
  constexpr std::string_view kStoppers = "stoppers.";
  return path == "sampler" || path == "scheduler" ||
         (path.starts_with(kStoppers) && path.find('.', kStoppers.size()) == path.npos);
}

/// The short form `scheduler: asha` becomes {name: asha} when one of its options is set.
void expand_short_form(Node& node) {
  Node map;
  map.kind = NodeKind::kMap;
  map.place = node.place;
  map.entries.push_back({"name", node.place, std::move(node)});
  node = std::move(map);
}

void set(Node& node, std::string_view done, std::string_view path, Node value) {
  const Place place = value.place;  // a copy: value moves on
  if (path.empty()) {
    node = std::move(value);
    return;
  }
  if (node.kind == NodeKind::kScalar && holds_algorithm(done)) expand_short_form(node);
  if (node.kind == NodeKind::kNull) {
    node = Node{};
    node.kind = NodeKind::kMap;
    node.place = place;
  }
  if (node.kind == NodeKind::kScalar) {
    throw SpecError(place, "'" + std::string(done) + "' is " + describe(node) + " and holds no keys");
  }
  const std::size_t length = key_length(node, path);
  const std::string_view key = path.substr(0, length);
  const bool last = length == path.size();
  const std::string_view rest = last ? std::string_view() : path.substr(length + 1);
  if (key.empty() || (!last && rest.empty())) throw SpecError(place, "a part of the dotted path is empty");
  const std::string now_done = done.empty() ? std::string(key) : std::string(done) + "." + std::string(key);
  if (node.kind == NodeKind::kList) {
    set(list_item(node, key, place), now_done, rest, std::move(value));
    return;
  }
  Entry* entry = find_entry(node, key);
  if (entry == nullptr) {
    node.entries.push_back({std::string(key), place, {}});
    entry = &node.entries.back();
  }
  if (last) entry->key_place = place;
  set(entry->value, now_done, rest, std::move(value));
}

}  // namespace

void apply_override(Node& root, const std::string& argument) {
  const std::string label = "--set " + argument;
  const std::size_t equals = argument.find('=');
  if (find_invalid_utf8(argument)) throw SpecError({"--set", 0, 0}, "the argument is not valid UTF-8");
  if (equals == std::string::npos || equals == 0) {
    throw SpecError({label, 0, 0}, "expected KEY=VALUE, such as budget.trials=100");
  }
  Node value = read_yaml_value(argument.substr(equals + 1), label);
  set(root, "", std::string_view(argument).substr(0, equals), std::move(value));
}

}  // namespace coppice
