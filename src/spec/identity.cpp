#include "spec/identity.hpp"

#include <algorithm>
#include <type_traits>

#include "core/nearest.hpp"

namespace coppice {

namespace {

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::string flag_text(bool flag) {
  return flag ? "true" : "false";
}

/// Keeps the types apart: 1, 1.0, "1" and true differ.
std::string canonical(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  std::string result = to_text(value);
  const bool whole = result.find_first_not_of("-0123456789") == std::string::npos;
  if (std::holds_alternative<double>(value) && whole) result += ".0";
  return result;
}

template <typename T, typename Function>
std::string canonical_list(const std::vector<T>& values, Function text_of_one) {
  std::vector<std::string> words;
  for (const T& value : values) words.push_back(text_of_one(value));
  return "[" + join(words) + "]";
}

std::string canonical(const OptionValue& option) {
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::vector<double>>) {
          return canonical_list(value, [](double number) { return to_text(number); });
        } else if constexpr (std::is_same_v<T, UserProgram>) {
          if (!value.plugin.empty()) return "plugin " + quoted(value.plugin);
          return "command " + canonical_list(value.command, quoted);
        } else if constexpr (std::is_same_v<T, double>) {
          return to_text(value);  // as 3 and 3.0 are the same option
        } else {
          return to_text(Value{value});
        }
      },
      option);
}

void add_parameter(const Parameter& p, Identity& identity) {
  const std::string path = "space." + p.name + ".";
  if (p.type == ParameterType::kCategorical) {
    identity.emplace_back(path + "type", "categorical");
    identity.emplace_back(path + "choices",
                          canonical_list(p.choices, [](const Value& value) { return canonical(value); }));
    identity.emplace_back(path + "ordered", flag_text(p.ordered));
  } else {
    identity.emplace_back(path + "type", p.type == ParameterType::kInt ? "int" : "float");
    identity.emplace_back(path + "low", to_text(p.low));
    identity.emplace_back(path + "high", to_text(p.high));
    identity.emplace_back(path + "log", flag_text(p.log));
    if (p.type == ParameterType::kInt || p.step)
      identity.emplace_back(path + "step", to_text(p.step.value_or(1)));
  }
  if (p.prior) {
    identity.emplace_back(path + "prior.mean", to_text(p.prior->mean));
    identity.emplace_back(path + "prior.deviation", to_text(p.prior->deviation));
  }
  identity.emplace_back(path + "fixed", flag_text(p.fixed));
  if (p.when) {
    identity.emplace_back(path + "when",
                          p.when->parent + " in " + canonical_list(p.when->values, [](const Value& value) {
                            return canonical(value);
                          }));
  }
}

void add_algorithm(const std::string& role, const AlgorithmSpec& algorithm, Identity& identity) {
  identity.emplace_back(role + ".name", algorithm.name);
  for (const auto& [name, value] : algorithm.options.values()) {
    identity.emplace_back(role + "." + name, canonical(value));
  }
}

void add_trainable(const TrainableSpec& trainable, Identity& identity) {
  switch (trainable.kind) {
    case TrainableKind::kBuiltin:
      identity.emplace_back("trainable.builtin", trainable.builtin);
      for (const auto& [name, value] : trainable.settings) {
        identity.emplace_back("trainable." + name, canonical(value));
      }
      break;
    case TrainableKind::kCommand:
      identity.emplace_back("trainable.command", canonical_list(trainable.command, quoted));
      identity.emplace_back("trainable.protocol",
                            trainable.protocol == HostProtocol::kStdout ? "stdout" : "serve");
      break;
    case TrainableKind::kPlugin:
      identity.emplace_back("trainable.plugin", trainable.plugin);
      break;
  }
}

const std::string* find(const Identity& identity, const std::string& path) {
  const auto found =
      std::find_if(identity.begin(), identity.end(), [&](const auto& item) { return item.first == path; });
  return found == identity.end() ? nullptr : &found->second;
}

}  // namespace

Identity identity_of(const StudySpec& study) {
  Identity identity;
  for (const ObjectiveSpec& objective : study.objectives) {
    const std::string path =
        study.objectives.size() == 1 ? "objective." : "objective." + objective.metric + ".";
    identity.emplace_back(path + "metric", objective.metric);
    identity.emplace_back(path + "direction", objective.minimize ? "minimize" : "maximize");
  }
  std::vector<std::string> names;
  for (const Parameter& p : study.space.parameters()) names.push_back(p.name);
  identity.emplace_back("space", "[" + join(names) + "]");  // the order too: samplers work in it
  for (const Parameter& p : study.space.parameters()) add_parameter(p, identity);
  add_algorithm("sampler", study.sampler, identity);
  add_algorithm("scheduler", study.scheduler, identity);
  for (std::size_t i = 0; i < study.stoppers.size(); ++i) {
    add_algorithm("stoppers." + std::to_string(i), study.stoppers[i], identity);
  }
  add_trainable(study.trainable, identity);
  // The rest of the budget may grow; a trial's length is part of what its results mean.
  identity.emplace_back("budget.steps_per_trial", study.budget.steps_per_trial
                                                      ? std::to_string(*study.budget.steps_per_trial)
                                                      : "none");
  identity.emplace_back("seed", std::to_string(study.seed));
  if (study.repeats > 1) identity.emplace_back("repeats", std::to_string(study.repeats));
  identity.emplace_back("deterministic", flag_text(study.deterministic.enabled));
  if (study.deterministic.lag)
    identity.emplace_back("deterministic.lag", std::to_string(*study.deterministic.lag));
  return identity;
}

std::optional<std::string> first_difference(const Identity& then, const Identity& now) {
  for (const auto& [path, value] : then) {
    const std::string* other = find(now, path);
    if (other == nullptr) return path + " was " + value + ", is not set";
    if (*other != value) return path + " was " + value + ", is " + *other;
  }
  for (const auto& [path, value] : now) {
    if (find(then, path) == nullptr) return path + " was not set, is " + value;
  }
  return std::nullopt;
}

}  // namespace coppice
