/// From the Node tree to the parts of a StudySpec. Each function reads one key of the file, checks all that
/// can be checked about it alone, and throws SpecError at the place of the first mistake.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spec/catalogs.hpp"
#include "spec/node.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

std::vector<ObjectiveSpec> parse_objectives(const Node& root);

SearchSpace parse_space(const Node& node);

/// What an algorithm is checked against, beside its own options.
struct AlgorithmContext {
  const Node& root;
  const BudgetSpec& budget;
  bool deterministic;
  const SearchSpace& space;
  const std::filesystem::path& directory;  ///< where relative paths start
  bool check_files;                        ///< Catalogs::check_files
};
/// `role` is "sampler" or "scheduler": its key in the file. Without that key: `fallback`, with no options.
AlgorithmSpec parse_algorithm(const AlgorithmContext& context, const std::string& role,
                              const std::string& fallback, const std::vector<AlgorithmInfo>& catalog);

/// The key `stoppers`; empty without it. `scheduler` is the study's.
std::vector<AlgorithmSpec> parse_stoppers(const AlgorithmContext& context, const AlgorithmSpec& scheduler,
                                          const Catalogs& catalogs);

/// A command line: a list of words, not empty. With `check_files` what it names must be there.
std::vector<std::string> parse_command_line(const Node& node, const std::string& what,
                                            const std::filesystem::path& directory, bool check_files);

/// {command: […]} or {plugin: FILE}.
UserProgram parse_program(const Node& node, const std::string& what, const std::filesystem::path& directory,
                          bool check_files);

/// `study` has its objectives, space and directory already.
TrainableSpec parse_trainable(const Node& root, const StudySpec& study, const Catalogs& catalogs);

/// Everything but `directory`, `text` and `identity`; `directory` is where relative paths start.
StudySpec parse_study(const Node& root, const std::filesystem::path& file,
                      const std::filesystem::path& directory, const Catalogs& catalogs);

/// Throws SpecError with a message of a check (see catalogs.hpp) at the place that it points to, else at
/// `place`.
[[noreturn]] void fail_check(const Node& root, const Node* owner, const Place& place, const std::string& what,
                             const std::string& message);

}  // namespace coppice
