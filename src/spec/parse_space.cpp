#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/nearest.hpp"
#include "spec/parse.hpp"
#include "spec/reader.hpp"
#include "spec/scalars.hpp"

namespace coppice {

namespace {

constexpr std::int64_t kTwo53 = std::int64_t{1} << 53;
constexpr const char* kExample = "{type: float, low: 0, high: 1}";

/// Columns of /trials in study.h5 that are there already.
const std::vector<std::string>& reserved_names() {
  static const std::vector<std::string> kNames = {"trial",       "member", "state",     "origin_trial",
                                                  "origin_step", "steps",  "created_s", "ended_s"};
  return kNames;
}

void check_name(const Entry& entry) {
  check_column_name(entry.key, entry.key_place, "space");
  const auto& reserved = reserved_names();
  if (std::find(reserved.begin(), reserved.end(), entry.key) != reserved.end()) {
    fail(entry.key_place, "space",
         "'" + entry.key + "' is a column of study.h5 already; give the parameter another name");
  }
}

ParameterType parse_type(const Node& node, const std::string& path) {
  const Entry* type = find_entry(node, "type");
  if (node.kind != NodeKind::kMap) {
    fail(node.place, path,
         std::string("expected a mapping such as ") + kExample + ", found " + describe(node));
  }
  if (type == nullptr) fail(node.place, path + ".type", "is missing; add type: float, int or categorical");
  const std::string word = word_of(type->value, path + ".type", {"float", "int", "categorical"});
  if (word == "categorical") return ParameterType::kCategorical;
  return word == "int" ? ParameterType::kInt : ParameterType::kFloat;
}

double parse_bound(const Node& node, const std::string& what, ParameterType type) {
  if (type == ParameterType::kFloat) return number_of(node, what);
  return static_cast<double>(integer_of(node, what, -kTwo53, kTwo53));
}

/// The spread of a log parameter is a factor: "0.001, give or take a factor of 3".
Prior parse_prior(const Node& node, const std::string& path, bool log) {
  const std::string spread = log ? "factor" : "deviation";
  const std::string other = log ? "deviation" : "factor";
  const std::string example = log ? "{mean: 0.001, factor: 3}" : "{mean: 0.9, deviation: 0.05}";
  if (const Entry* entry = find_entry(node, other)) {
    fail(entry->key_place, path,
         std::string("a parameter ") + (log ? "with" : "without") + " log has a prior such as " + example);
  }
  const Reader reader(node, path, {"mean", spread}, example);
  Prior prior;
  prior.mean =
      number_of(reader.require("mean", "mean: NUMBER, where good values are likely"), reader.path("mean"));
  const Node& width = reader.require(spread, spread + ": NUMBER, how far about the mean");
  prior.deviation = number_of(width, reader.path(spread));
  if (prior.deviation <= (log ? 1 : 0)) {
    fail(width.place, reader.path(spread),
         std::string("must be greater than ") + (log ? "1" : "0") + ", is " + to_text(prior.deviation));
  }
  if (log) prior.deviation = std::log(prior.deviation);
  return prior;
}

void parse_range(const Reader& reader, const std::string& path, Parameter& p) {
  const Node& low = reader.require("low", "low: NUMBER, the least value");
  const Node& high = reader.require("high", "high: NUMBER, the largest value");
  p.low = parse_bound(low, reader.path("low"), p.type);
  p.high = parse_bound(high, reader.path("high"), p.type);
  if (p.low >= p.high) {
    fail(low.place, path,
         "empty range: low " + to_text(p.low) + " is not less than high " + to_text(p.high) +
             (p.low == p.high ? "; widen it, or use {type: categorical, choices: [" + to_text(p.low) + "]}"
                              : "; swap them"));
  }
  if (const Node* log = reader.find("log")) p.log = flag_of(*log, reader.path("log"));
  if (p.log && p.low <= 0) {
    fail(low.place, reader.path("low"),
         "log needs low > 0, is " + to_text(p.low) + "; raise low or drop log");
  }
  if (const Node* prior = reader.find("prior")) p.prior = parse_prior(*prior, reader.path("prior"), p.log);
  const Node* step = reader.find("step");
  if (step == nullptr) return;
  p.step = parse_bound(*step, reader.path("step"), p.type);
  if (*p.step <= 0) fail(step->place, reader.path("step"), "must be greater than 0, is " + to_text(*p.step));
  if (*p.step > p.high - p.low) {
    fail(step->place, reader.path("step"),
         to_text(*p.step) + " is larger than the range from " + to_text(p.low) + " to " + to_text(p.high));
  }
  if (p.log && p.low <= *p.step / 2) {
    fail(step->place, reader.path("step"), "log with a step needs low > step / 2; raise low or drop step");
  }
}

void parse_choices(const Reader& reader, Parameter& p) {
  const Node& choices = reader.require("choices", "choices: [A, B]");
  const std::string what = reader.path("choices");
  if (choices.kind != NodeKind::kList || choices.items.empty()) {
    fail(choices.place, what,
         "expected a list of at least one choice, found " +
             (choices.kind == NodeKind::kList ? "an empty one" : describe(choices)));
  }
  for (const Node& item : choices.items) {
    Value value = value_of(item, what);
    if (std::holds_alternative<std::string>(value)) text_of(item, what);
    if (p.admits(value)) fail(item.place, what, "the choice " + describe(item) + " is there twice");
    p.choices.push_back(std::move(value));
  }
  if (const Node* ordered = reader.find("ordered")) p.ordered = flag_of(*ordered, reader.path("ordered"));
}

Parameter parse_parameter(const Entry& entry) {
  check_name(entry);
  const std::string path = "space." + entry.key;
  Parameter p;
  p.name = entry.key;
  p.type = parse_type(entry.value, path);
  const bool categorical = p.type == ParameterType::kCategorical;
  const std::vector<std::string> known =
      categorical ? std::vector<std::string>{"type", "choices", "ordered", "fixed", "when"}
                  : std::vector<std::string>{"type", "low", "high", "log", "step", "prior", "fixed", "when"};
  const Reader reader(entry.value, path, known, kExample);
  if (categorical) {
    parse_choices(reader, p);
  } else {
    parse_range(reader, path, p);
  }
  if (const Node* fixed = reader.find("fixed")) p.fixed = flag_of(*fixed, reader.path("fixed"));
  return p;
}

Value parse_when_value(const Node& node, const std::string& what, const Parameter& parent) {
  if (parent.type == ParameterType::kInt) {
    const Value value = integer_of(node, what, -kTwo53, kTwo53);
    if (!parent.admits(value)) fail(node.place, what, parent.name + " can't be " + to_text(value));
    return value;
  }
  Value value = value_of(node, what);
  if (!parent.admits(value)) {
    std::vector<std::string> choices;
    for (const Value& choice : parent.choices) choices.push_back(to_text(choice));
    fail(node.place, what, parent.name + " has no choice " + describe(node) + suggest(node.text, choices));
  }
  return value;
}

Condition parse_when(const Node& node, const std::string& path, const std::vector<Parameter>& parameters) {
  const std::string what = path + ".when";
  if (node.kind != NodeKind::kMap || node.entries.size() != 1) {
    fail(node.place, what,
         "expected one parameter with its value or values, such as {optimizer: sgd} or {optimizer: [sgd, "
         "adam]}, found " +
             (node.kind == NodeKind::kMap ? std::to_string(node.entries.size()) : describe(node)));
  }
  const Entry& entry = node.entries[0];
  const auto parent = std::find_if(parameters.begin(), parameters.end(),
                                   [&](const Parameter& p) { return p.name == entry.key; });
  if (parent == parameters.end()) {
    std::vector<std::string> names;
    for (const Parameter& p : parameters) names.push_back(p.name);
    fail(entry.key_place, what, "unknown parameter '" + entry.key + "'" + suggest(entry.key, names));
  }
  if (parent->type == ParameterType::kFloat) {
    fail(entry.key_place, what,
         "'" + entry.key + "' is a float; a condition needs a categorical or int parameter");
  }
  Condition condition{entry.key, {}};
  if (entry.value.kind == NodeKind::kList) {
    if (entry.value.items.empty())
      fail(entry.value.place, what, "expected at least one value, found an empty list");
    for (const Node& item : entry.value.items)
      condition.values.push_back(parse_when_value(item, what, *parent));
  } else {
    condition.values.push_back(parse_when_value(entry.value, what, *parent));
  }
  return condition;
}

}  // namespace

SearchSpace parse_space(const Node& node) {
  if (node.kind != NodeKind::kMap || node.entries.empty()) {
    fail(node.place, "space",
         std::string("expected at least one parameter, such as x: ") + kExample + ", found " +
             (node.kind == NodeKind::kMap ? "none" : describe(node)));
  }
  std::vector<Parameter> parameters;
  for (const Entry& entry : node.entries) parameters.push_back(parse_parameter(entry));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Entry& entry = node.entries[i];
    if (const Entry* when = find_entry(entry.value, "when")) {
      parameters[i].when = parse_when(when->value, "space." + entry.key, parameters);
    }
  }
  try {
    return SearchSpace(std::move(parameters));
  } catch (const std::invalid_argument& error) {
    // What is left for it to refuse: conditions in a circle, grids too fine to count.
    const std::string message = error.what();
    for (const Entry& entry : node.entries) {
      const std::string prefix = "parameter " + entry.key + ": ";
      if (message.starts_with(prefix)) {
        fail(entry.key_place, "space." + entry.key, message.substr(prefix.size()));
      }
    }
    fail(node.place, "space", message);
  }
}

}  // namespace coppice
