#include <algorithm>
#include <cmath>
#include <utility>

#include "core/nearest.hpp"
#include "spec/parse.hpp"
#include "spec/scalars.hpp"

namespace coppice {

namespace {

std::vector<double> parse_numbers(const Node& node, const std::string& what, const OptionSpec& spec) {
  if (node.kind != NodeKind::kList)
    fail(node.place, what, "expected a list of numbers, found " + describe(node));
  std::vector<double> numbers;
  for (const Node& item : node.items) numbers.push_back(number_of(item, what, spec.low, spec.high));
  return numbers;
}

/// Bounds of a kInt option, which the table holds as double.
std::int64_t bound(double value) {
  if (value >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (value <= -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(value);
}

OptionValue parse_option(const AlgorithmContext& context, const Node& node, const std::string& what,
                         const OptionSpec& spec) {
  switch (spec.type) {
    case OptionType::kBool:
      return flag_of(node, what);
    case OptionType::kInt:
      return integer_of(node, what, bound(std::ceil(spec.low)), bound(std::floor(spec.high)));
    case OptionType::kNumber:
      return number_of(node, what, spec.low, spec.high);
    case OptionType::kText:
      if (spec.program && node.kind == NodeKind::kMap)
        return parse_program(node, what, context.directory, context.check_files);
      return spec.choices.empty() ? text_of(node, what) : word_of(node, what, spec.choices);
    case OptionType::kNumbers:
      return parse_numbers(node, what, spec);
  }
  return {};
}

/// The scalar that names the algorithm: `sampler: tpe` or `sampler: {name: tpe, …}`.
const Node& name_node(const Node& node, const std::string& role) {
  if (node.kind == NodeKind::kScalar) return node;
  if (node.kind != NodeKind::kMap) {
    fail(node.place, role, "expected a name or {name: NAME, …}, found " + describe(node));
  }
  const Entry* name = find_entry(node, "name");
  if (name == nullptr) fail(node.place, role + ".name", "is missing; add name: NAME");
  return name->value;
}

Options parse_options(const AlgorithmContext& context, const Node& node, const std::string& role,
                      const AlgorithmInfo& info) {
  std::vector<std::string> known = {"name"};
  for (const OptionSpec& spec : info.options) known.push_back(spec.name);
  Options options;
  for (const Entry& entry : node.entries) {
    if (entry.key == "name") continue;
    const auto spec = std::find_if(info.options.begin(), info.options.end(),
                                   [&](const OptionSpec& option) { return option.name == entry.key; });
    if (spec == info.options.end()) {
      throw SpecError(entry.key_place, "unknown option '" + entry.key + "' of " + role + " " + info.name +
                                           suggest(entry.key, known));
    }
    options.set(spec->name, parse_option(context, entry.value, role + "." + spec->name, *spec));
  }
  return options;
}

}  // namespace

void fail_check(const Node& root, const Node* owner, const Place& place, const std::string& what,
                const std::string& message) {
  const std::string prefix = message.substr(0, message.find(": "));
  if (owner != nullptr && owner->kind == NodeKind::kMap) {
    if (const Node* found = locate(*owner, prefix)) fail(found->place, what, message);
  }
  // The mistake may be in what is not there: then its nearest enclosing mapping is the place.
  for (std::string path = prefix; !path.empty();) {
    if (const Node* found = locate(root, path)) throw SpecError(found->place, message);
    const std::size_t dot = path.rfind('.');
    path.resize(dot == std::string::npos ? 0 : dot);
  }
  fail(place, what, message);
}

namespace {

/// `node`: null where the study doesn't name one, which is `fallback` then.
AlgorithmSpec read_algorithm(const AlgorithmContext& context, const std::string& role, const Node* node,
                             const std::string& fallback, const std::vector<AlgorithmInfo>& catalog) {
  const Node* name = node == nullptr ? nullptr : &name_node(*node, role);
  const Place& place = name == nullptr ? context.root.place : name->place;
  AlgorithmSpec algorithm{name == nullptr ? fallback : text_of(*name, role + ".name"), {}};

  const auto info = std::find_if(catalog.begin(), catalog.end(), [&](const AlgorithmInfo& candidate) {
    return candidate.name == algorithm.name;
  });
  if (info == catalog.end()) {
    std::vector<std::string> names;
    for (const AlgorithmInfo& candidate : catalog) names.push_back(candidate.name);
    throw SpecError(place, "unknown " + role + " '" + algorithm.name + "'" + suggest(algorithm.name, names));
  }
  if (node != nullptr) algorithm.options = parse_options(context, *node, role, *info);
  for (const OptionSpec& option : info->options) {
    if (option.required && !algorithm.options.contains(option.name)) {
      fail(place, role + "." + option.name, "is missing; " + info->name + " needs it: " + option.help);
    }
  }
  if (info->check) {
    const std::string message = info->check(algorithm.options, context.budget, context.deterministic);
    if (!message.empty()) fail_check(context.root, node, place, role + " " + info->name, message);
  }
  if (info->check_space) {
    const std::string message = info->check_space(algorithm.options, context.space);
    if (!message.empty()) fail_check(context.root, node, place, role + " " + info->name, message);
  }
  return algorithm;
}

}  // namespace

AlgorithmSpec parse_algorithm(const AlgorithmContext& context, const std::string& role,
                              const std::string& fallback, const std::vector<AlgorithmInfo>& catalog) {
  const Entry* entry = find_entry(context.root, role);
  return read_algorithm(context, role, entry == nullptr ? nullptr : &entry->value, fallback, catalog);
}

std::vector<AlgorithmSpec> parse_stoppers(const AlgorithmContext& context, const AlgorithmSpec& scheduler,
                                          const Catalogs& catalogs) {
  const Entry* entry = find_entry(context.root, "stoppers");
  if (entry == nullptr) return {};
  if (entry->value.kind != NodeKind::kList) {
    fail(entry->value.place, "stoppers",
         "expected a list, such as [{name: threshold, upper: 10}], found " + describe(entry->value));
  }
  const bool fits = std::any_of(
      catalogs.schedulers.begin(), catalogs.schedulers.end(),
      [&](const AlgorithmInfo& info) { return info.name == scheduler.name && info.takes_stoppers; });
  if (!fits) {
    std::string others;
    for (const AlgorithmInfo& info : catalogs.schedulers) {
      if (info.takes_stoppers) others += (others.empty() ? "" : ", ") + info.name;
    }
    fail(entry->key_place, "stoppers",
         "scheduler " + scheduler.name + " takes none beside it; drop them, or use one of " + others);
  }
  std::vector<AlgorithmSpec> stoppers;
  for (const Node& item : entry->value.items) {
    stoppers.push_back(read_algorithm(context, "stopper", &item, "", catalogs.stoppers));
  }
  return stoppers;
}

}  // namespace coppice
