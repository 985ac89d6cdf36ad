#include "trainables/catalog.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/nearest.hpp"
#include "trainables/curve.hpp"
#include "trainables/dataset.hpp"
#include "trainables/functions.hpp"
#include "trainables/mlp.hpp"
#include "trainables/pbt_toy.hpp"

namespace coppice {

namespace {

constexpr std::string_view kDefaultDataset = "digits";

std::vector<std::string> names_of(const std::vector<ParameterInfo>& table) {
  std::vector<std::string> names;
  for (const ParameterInfo& info : table) names.push_back(info.name);
  return names;
}

/// The keys are checked before.
BuiltinFactory prepare_mlp(const BuiltinSettings& settings, const std::filesystem::path& study_directory) {
  std::string dataset(kDefaultDataset);
  for (const auto& [key, value] : settings) {
    if (key == "dataset") dataset = to_text(value);
  }
  return [data = load_dataset(dataset, study_directory)] { return make_mlp(data); };
}

template <std::unique_ptr<Trainable> (*kMake)()>
BuiltinFactory prepare_plain(const BuiltinSettings&, const std::filesystem::path&) {
  return kMake;
}

/// The parameters of a trainable of any dimension, for a space of this size.
std::vector<ParameterInfo> parameters_for(const BuiltinInfo& info, const SearchSpace& space) {
  if (!info.any_dimension) return info.parameters;
  return coordinates(std::max(2, static_cast<int>(space.size())));
}

/// ".low" or ".high" where range_problem speaks of that bound, else "".
std::string bad_bound(const ParameterInfo& info, const Parameter& parameter) {
  const bool integers = info.kind == ParameterKind::kInteger;
  if (info.kind == ParameterKind::kChoice || parameter.type == ParameterType::kCategorical) return "";
  if (integers && parameter.type != ParameterType::kInt) return "";
  if (!value_problem(info, Value(parameter.low)).empty()) return ".low";
  return value_problem(info, Value(parameter.high)).empty() ? "" : ".high";
}

}  // namespace

const std::vector<BuiltinInfo>& builtin_trainables() {
  static const std::vector<BuiltinInfo> table = {
      {.name = "branin",
       .help = "test function of x1 in [-5, 10] and x2 in [0, 15], three minima of 0.397887",
       .parameters = coordinates(2),
       .metrics = {"value"},
       .prepare = prepare_plain<make_branin>},
      {.name = "hartmann6",
       .help = "test function of x1 ... x6 in [0, 1], minimum -3.32237",
       .parameters = coordinates(6),
       .metrics = {"value"},
       .prepare = prepare_plain<make_hartmann6>},
      {.name = "rosenbrock",
       .help = "test function of x1 ... xd, two at least, minimum 0 at (1, ..., 1)",
       .parameters = coordinates(2),
       .any_dimension = true,
       .metrics = {"value"},
       .prepare = prepare_plain<make_rosenbrock>},
      {.name = "pbt_toy",
       .help = "toy of population-based training with h1 and h2 in [0, 1]; maximise value (at most 1.2)",
       .parameters = pbt_toy_parameters(),
       .metrics = {"value", "theta1", "theta2"},
       .several_steps = true,
       .prepare = prepare_plain<make_pbt_toy>},
      {.name = "curve",
       .help = "synthetic learning curve of x in [0, 1], best at 0.3; minimise value",
       .parameters = curve_parameters(),
       .metrics = {"value"},
       .several_steps = true,
       .prepare = prepare_plain<make_curve>},
      {.name = "mlp",
       .help = "neural classifier on handwritten digits or a CSV file of yours; a step is a pass through the "
               "data",
       .parameters = mlp_parameters(),
       .metrics = {"train_loss", "val_loss", "val_accuracy", "test_accuracy", "flops"},
       .settings = {"dataset"},
       .several_steps = true,
       .prepare = prepare_mlp},
  };
  return table;
}

const BuiltinInfo* find_builtin(std::string_view name) {
  for (const BuiltinInfo& info : builtin_trainables()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

BuiltinFactory prepare_builtin(std::string_view name, const BuiltinSettings& settings,
                               const std::filesystem::path& study_directory) {
  const BuiltinInfo* info = find_builtin(name);
  if (info == nullptr) {
    std::vector<std::string> names;
    for (const BuiltinInfo& entry : builtin_trainables()) names.push_back(entry.name);
    throw std::invalid_argument("there is no built-in trainable '" + std::string(name) + "'" +
                                suggest(name, names));
  }
  const std::string problem = check_builtin_settings(*info, settings);
  if (!problem.empty()) throw std::invalid_argument(info->name + ": " + problem);
  return info->prepare(settings, study_directory);
}

std::unique_ptr<Trainable> make_builtin(std::string_view name, const BuiltinSettings& settings,
                                        const std::filesystem::path& study_directory) {
  return prepare_builtin(name, settings, study_directory)();
}

std::string check_builtin_settings(const BuiltinInfo& info, const BuiltinSettings& settings) {
  for (const auto& [key, value] : settings) {
    if (std::find(info.settings.begin(), info.settings.end(), key) == info.settings.end()) {
      return key + ": unknown setting" +
             (info.settings.empty() ? "; " + info.name + " takes none" : suggest(key, info.settings));
    }
    if (!std::holds_alternative<std::string>(value)) {
      return key + ": expected text, found '" + to_text(value) + "'; put it in quotes";
    }
  }
  return "";
}

std::string check_builtin_space(const BuiltinInfo& info, const SearchSpace& space) {
  const std::vector<ParameterInfo> table = parameters_for(info, space);
  for (const Parameter& parameter : space.parameters()) {
    const std::string place = "space." + parameter.name;
    const auto entry = std::find_if(table.begin(), table.end(),
                                    [&](const ParameterInfo& known) { return known.name == parameter.name; });
    if (entry == table.end()) {
      return place + ": " + info.name + " has no such parameter" + suggest(parameter.name, names_of(table));
    }
    if (entry->required && parameter.when.has_value()) {
      return place + ".when: " + info.name + " needs " + parameter.name +
             " in every trial; drop the condition";
    }
    if (const std::string problem = range_problem(*entry, parameter); !problem.empty()) {
      // The place says the parameter's name already.
      return place + bad_bound(*entry, parameter) + problem.substr(entry->name.size()) + " (trainable " +
             info.name + ")";
    }
  }
  for (const ParameterInfo& entry : table) {
    if (entry.required && space.index_of(entry.name) == space.size()) {
      return "space: " + info.name + " needs the parameter " + entry.name + "; add it";
    }
  }
  return "";
}

}  // namespace coppice
