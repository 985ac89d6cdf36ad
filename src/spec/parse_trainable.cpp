#include <algorithm>
#include <utility>

#include "core/nearest.hpp"
#include "core/placeholders.hpp"
#include "spec/parse.hpp"
#include "spec/reader.hpp"
#include "spec/scalars.hpp"

namespace coppice {

namespace {

constexpr const char* kExample = "{builtin: mlp} or {command: [python3, train.py]}";

void parse_builtin(const Node& node, const Node& root, const StudySpec& study, const Catalogs& catalogs,
                   TrainableSpec& trainable) {
  const std::vector<BuiltinCheck>& builtins = catalogs.builtins;
  const Node& name = find_entry(node, "builtin")->value;
  trainable.kind = TrainableKind::kBuiltin;
  trainable.builtin = text_of(name, "trainable.builtin");
  const auto info = std::find_if(builtins.begin(), builtins.end(), [&](const BuiltinCheck& builtin) {
    return builtin.name == trainable.builtin;
  });
  if (info == builtins.end()) {
    std::vector<std::string> names;
    for (const BuiltinCheck& builtin : builtins) names.push_back(builtin.name);
    throw SpecError(name.place, "unknown built-in trainable '" + trainable.builtin + "'" +
                                    suggest(trainable.builtin, names));
  }
  std::vector<std::string> known = {"builtin"};
  known.insert(known.end(), info->settings.begin(), info->settings.end());
  const Reader reader(node, "trainable", known, kExample);
  for (const std::string& key : info->settings) {
    if (const Node* value = reader.find(key)) {
      trainable.settings.emplace_back(key, value_of(*value, reader.path(key)));
    }
  }

  const std::string& metric = study.objectives.front().metric;
  if (std::find(info->metrics.begin(), info->metrics.end(), metric) == info->metrics.end()) {
    const Node* place = locate(root, "objective.metric");
    if (place == nullptr) place = locate(root, "objectives");
    fail(place == nullptr ? name.place : place->place, "objective.metric",
         trainable.builtin + " reports no '" + metric + "'" + suggest(metric, info->metrics));
  }
  if (info->check && catalogs.check_files) {
    const std::string message = info->check(study.space, trainable.settings, study.directory);
    if (!message.empty()) fail_check(root, &node, name.place, "trainable " + trainable.builtin, message);
  }
}

std::vector<std::string> names_of(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& p : space.parameters()) names.push_back(p.name);
  return names;
}

void check_placeholders(const Node& node, const SearchSpace& space, HostProtocol protocol) {
  const std::vector<std::string> names = names_of(space);
  if (protocol == HostProtocol::kStdout) {
    const std::string problem = placeholder_problem(node.text, names);
    if (!problem.empty()) fail(node.place, "trainable.command", problem);
    return;
  }
  // Here braces are the program's own, but a word next to a parameter's name is hardly meant as it is.
  for (const std::string& word : unknown_placeholders(node.text, names)) {
    if (const std::optional<std::string> near = nearest_word(word, names)) {
      fail(node.place, "trainable.command",
           "no parameter '" + word + "'; did you mean '" + *near +
               "'? Placeholders are filled with protocol: stdout only");
    }
  }
}

void parse_command(const Node& node, const StudySpec& study, bool check_files, TrainableSpec& trainable) {
  const Reader reader(node, "trainable", {"command", "protocol"}, kExample);
  const Node& command = *reader.find("command");
  trainable.kind = TrainableKind::kCommand;
  if (const Node* protocol = reader.find("protocol")) {
    const bool printed = word_of(*protocol, "trainable.protocol", {"serve", "stdout"}) == "stdout";
    trainable.protocol = printed ? HostProtocol::kStdout : HostProtocol::kServe;
  }
  trainable.command = parse_command_line(command, "trainable.command", study.directory, check_files);
  if (!check_files) return;
  for (const Node& item : command.items) check_placeholders(item, study.space, trainable.protocol);
}

/// A study of the past keeps its plugin, for what it found can still be read.
void parse_plugin(const Node& node, bool check_files, TrainableSpec& trainable) {
  const Reader reader(node, "trainable", {"plugin"}, kExample);
  const Node& plugin = *reader.find("plugin");
  trainable.kind = TrainableKind::kPlugin;
  trainable.plugin = text_of(plugin, "trainable.plugin");
  if (check_files) {
    fail(plugin.place, "trainable.plugin", "plugins are not supported yet; take a command or a built-in");
  }
}

}  // namespace

TrainableSpec parse_trainable(const Node& root, const StudySpec& study, const Catalogs& catalogs) {
  const Entry* entry = find_entry(root, "trainable");
  if (entry == nullptr) fail(root.place, "trainable", std::string("is missing; add trainable: ") + kExample);
  const Node& node = entry->value;
  const std::vector<std::string> kinds = {"builtin", "command", "plugin"};
  std::vector<const Entry*> given;
  for (const Entry& candidate : node.entries) {
    if (std::find(kinds.begin(), kinds.end(), candidate.key) != kinds.end()) given.push_back(&candidate);
  }
  if (given.empty()) {
    // A near miss (`comand: …`) is an unknown key rather than a missing one.
    const Reader reader(node, "trainable", {"builtin", "command", "plugin", "protocol", "dataset"}, kExample);
    fail(node.place, "trainable", std::string("expected one of builtin and command, such as ") + kExample);
  }
  if (given.size() > 1) {
    fail(given[1]->key_place, "trainable", "has " + given[0]->key + " and " + given[1]->key + "; keep one");
  }
  TrainableSpec trainable;
  if (given[0]->key == "builtin") {
    parse_builtin(node, root, study, catalogs, trainable);
  } else if (given[0]->key == "command") {
    parse_command(node, study, catalogs.check_files, trainable);
  } else {
    parse_plugin(node, catalogs.check_files, trainable);
  }
  return trainable;
}

}  // namespace coppice
