/// What the tests of this folder share: small catalogs, and a folder to load a study from.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "spec/load_study.hpp"

namespace coppice {

inline Catalogs test_catalogs() {
  Catalogs catalogs;
  catalogs.samplers = {{"auto", "chooses", {}, {}},
                       {"random", "uniform", {}, {}},
                       {"tpe",
                        "Parzen estimator",
                        {{"candidates", OptionType::kInt, "draws", false, 1, 1000},
                         {"gamma", OptionType::kNumber, "share of the good", false, 0, 1},
                         {"multivariate", OptionType::kBool, "all at once"}},
                        {}}};
  catalogs.schedulers = {
      {.name = "fifo", .help = "one after the other", .options = {}, .check = {}, .takes_stoppers = true},
      {"asha",
       "successive halving",
       {{"eta", OptionType::kInt, "reduction", false, 2, 100},
        {.name = "type", .type = OptionType::kText, .help = "variant", .choices = {"promotion", "stopping"}}},
       [](const Options&, const BudgetSpec& budget, bool) {
         return budget.steps_per_trial ? "" : "budget.steps_per_trial: asha needs it";
       }},
      {"pbt",
       "population",
       {{"population", OptionType::kInt, "members", true, 2, 10000},
        {"factors", OptionType::kNumbers, "to perturb by", false, 0.01, 100},
        {.name = "explore",
         .type = OptionType::kText,
         .help = "of clones",
         .choices = {"perturb", "none"},
         .program = true}},
       [](const Options& options, const BudgetSpec&, bool deterministic) {
         return deterministic && options.integer("population", 2) % 2 == 1 ? "population: must be even" : "";
       },
       {},
       /*takes_stoppers=*/false,
       /*clones=*/true}};
  catalogs.stoppers = {{"patience", "waits", {{"steps", OptionType::kInt, "for how many", true, 1, 1e6}}, {}},
                       {"threshold",
                        "bounds",
                        {{"upper", OptionType::kNumber, "the largest"}},
                        [](const Options& options, const BudgetSpec&, bool deterministic) {
                          if (deterministic) return "upper: not where deterministic";
                          return options.contains("upper") ? "" : "threshold needs threshold.upper";
                        }}};
  catalogs.builtins = {{"mlp",
                        {"dataset", "threads"},
                        [](const SearchSpace& space, const auto&, const std::filesystem::path&) {
                          if (space.index_of("width") < space.size())
                            return "space.width.low: must be above 0";
                          if (space.index_of("a:b") < space.size()) return "space.a:b: mlp takes no 'a:b'";
                          return space.index_of("rate") < space.size() ? "space.rate: mlp takes no 'rate'"
                                                                       : "";
                        },
                        {"train_loss", "val_loss"}},
                       {"branin", {}, {}, {"value"}}};
  return catalogs;
}

/// A folder that goes when the test ends.
class StudyFolder {
 public:
  StudyFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coppice-spec-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  StudyFolder(const StudyFolder&) = delete;
  StudyFolder& operator=(const StudyFolder&) = delete;
  ~StudyFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

  StudySpec load(const std::string& text, const std::vector<std::string>& overrides = {},
                 std::optional<std::uint64_t> seed = {}) const {
    return load_study(write("study.yaml", text), overrides, seed, test_catalogs());
  }

 private:
  std::filesystem::path path_;
};

/// Three lines that make a study; a test appends its own from line 4.
inline const std::string kBase =
    "objective: {metric: val_loss, direction: minimize}\n"
    "space: {x: {type: float, low: 0, high: 1}}\n"
    "trainable: {builtin: mlp}\n";

/// The same without a space; the test's own lines begin in line 3.
inline const std::string kNoSpace =
    "objective: {metric: val_loss, direction: minimize}\n"
    "trainable: {builtin: mlp}\n";

}  // namespace coppice
