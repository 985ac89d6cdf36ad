/// What a study file may name: samplers, schedulers, stoppers and built-in trainables, as plain tables. The
/// caller fills them from the catalogs of the algorithms, so that reading a study depends on none of them.
/// Values; the functions must be callable from the thread that loads the study. A message that they return is
/// put where it points: "population: …" at that option, "space.x1: …" or "budget.trials: …" at that place of
/// the file, any other at the name of the algorithm or trainable.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/options.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

struct AlgorithmInfo {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  /// What the table can't say; an empty text where all is well. May be empty itself.
  std::function<std::string(const Options&, const BudgetSpec&, bool deterministic)> check;
  /// Likewise: whether it can search this space.
  std::function<std::string(const Options&, const SearchSpace&)> check_space = {};
  bool takes_stoppers = false;  ///< a scheduler that they may stand beside
  bool clones = false;          ///< a scheduler that lets a trial begin with another's state
};

struct BuiltinCheck {
  std::string name;
  std::vector<std::string> settings;  ///< the keys that it takes beside `builtin`
  /// An empty text where all is well. May be empty itself.
  std::function<std::string(const SearchSpace&, const std::vector<std::pair<std::string, Value>>& settings,
                            const std::filesystem::path& study_directory)>
      check;
  std::vector<std::string> metrics;  ///< what it reports
};

struct Catalogs {
  std::vector<AlgorithmInfo> samplers;
  std::vector<AlgorithmInfo> schedulers;
  std::vector<AlgorithmInfo> stoppers;
  std::vector<BuiltinCheck> builtins;
  /// Whether the study is to be run: the files that it names must be there, and what it asks for be
  /// supported. False for a study of the past, which is only replayed.
  bool check_files = true;
};

}  // namespace coppice
