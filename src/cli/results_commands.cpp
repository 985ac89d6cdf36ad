// `coppice best` and `coppice export`: what study.h5 says.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "report/best.hpp"
#include "report/summary.hpp"
#include "results/export.hpp"
#include "results/h5_reader.hpp"

namespace coppice {
namespace {

/// A file that is no results file is the user's mistake here: he named it.
template <class Read>
auto read_or_refuse(const Read& read) {
  try {
    return read();
  } catch (const ResultsError& error) {
    throw UserError(error.what());
  }
}

std::filesystem::path require_results(const std::filesystem::path& directory_or_file) {
  const auto file = results_file(directory_or_file);
  if (!std::filesystem::exists(file)) {
    const bool journal = std::filesystem::exists(directory_or_file / "study.journal");
    throw UserError(
        fmt::format("there is no {}: {}", file.string(),
                    journal ? "coppice recover " + directory_or_file.string() + " makes it from the journal"
                            : "name a study's directory or its study.h5"));
  }
  return file;
}

/// The text of a hyperparameter as JSON: a number where its column holds numbers.
nlohmann::ordered_json param_json(const Tables& tables, const std::string& name, const std::string& text) {
  const Column* column = tables.trials.find(name);
  if (column != nullptr && std::holds_alternative<Ints>(column->values)) return std::stoll(text);
  if (column != nullptr && std::holds_alternative<Doubles>(column->values)) return std::stod(text);
  return text;
}

}  // namespace

int best_command(const BestOptions& options) {
  const Tables tables = read_or_refuse([&] { return read_study(require_results(options.results)); });
  const auto best = best_trials(tables, options.count);
  if (options.json) {
    auto json = nlohmann::ordered_json::object();
    json["study"] = tables.attributes.name;
    json["state"] = tables.attributes.state;
    json["objective"] = tables.attributes.objective;
    json["direction"] = tables.attributes.direction;
    json["trials"] = nlohmann::ordered_json::array();
    for (const BestTrial& trial : best) {
      auto item =
          nlohmann::ordered_json{{"trial", trial.trial}, {"step", trial.step}, {"value", trial.value}};
      item["params"] = nlohmann::ordered_json::object();
      item["schedule"] = nlohmann::ordered_json::array();
      for (const ScheduleRow& row : trial.schedule) {
        auto params = nlohmann::ordered_json::object();
        for (const auto& [name, text] : row.params) params[name] = param_json(tables, name, text);
        item["schedule"].push_back({{"trial", row.trial},
                                    {"from_step", row.from_step},
                                    {"to_step", row.to_step},
                                    {"params", params}});
        item["params"] = params;  // those of the last row are the trial's own
      }
      json["trials"].push_back(std::move(item));
    }
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  if (best.empty()) fmt::print("no trial has reported {} yet\n", tables.attributes.objective);
  for (const BestTrial& trial : best) {
    fmt::print("{} {:.9g}  trial {}, step {}\n", tables.attributes.objective, trial.value, trial.trial,
               trial.step);
    for (const ScheduleRow& row : trial.schedule) {
      fmt::print("  steps {} to {}:", row.from_step + 1, row.to_step);
      for (const auto& [name, value] : row.params) fmt::print("  {} {}", name, short_text(value));
      fmt::print("\n");
    }
  }
  return 0;
}

int export_command(const ExportOptions& options) {
  if (std::find(kTableNames.begin(), kTableNames.end(), options.table) == kTableNames.end()) {
    throw UserError(
        fmt::format("there is no table '{}'; take one of {}", options.table, fmt::join(kTableNames, ", ")));
  }
  const Table table =
      read_or_refuse([&] { return read_table(require_results(options.results), options.table); });
  export_table(table, options.format == "json" ? ExportFormat::kJson : ExportFormat::kCsv, std::cout);
  std::cout.flush();
  if (!std::cout) throw std::runtime_error("can't write the table");
  return 0;
}

}  // namespace coppice
