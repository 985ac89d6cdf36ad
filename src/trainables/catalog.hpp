/// The built-in trainables: one table of what they are called, what they take and what they report, read by
/// the study's check, by `coppice check` and by whoever makes one. The table is constant; functions are safe
/// from any thread. Failure: the user's mistakes are std::invalid_argument with one line that says what to
/// do.
///
/// A new one: a .cpp and a .hpp here, and an entry in catalog.cpp; the contract test covers every entry.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coppice/search_space.hpp"
#include "coppice/trainable.hpp"
#include "coppice/value.hpp"
#include "trainables/parameter_info.hpp"

namespace coppice {

/// What stands beside `builtin` in the study's `trainable`, by key.
using BuiltinSettings = std::vector<std::pair<std::string, Value>>;

/// Makes a new object, before `setup`, from data that is loaded already.
using BuiltinFactory = std::function<std::unique_ptr<Trainable>()>;

struct BuiltinInfo {
  std::string name = {};
  std::string help = {};                       ///< one line
  std::vector<ParameterInfo> parameters = {};  ///< hyperparameters
  bool any_dimension = false;              ///< takes x1 ... xd for any d from 2; `parameters` lists x1 and x2
  std::vector<std::string> metrics = {};   ///< what a step reports, in this order
  std::vector<std::string> settings = {};  ///< keys beside `builtin`
  bool several_steps = false;              ///< false: further steps report the same again
  /// Loads its data. Precondition: check_builtin_settings says "".
  BuiltinFactory (*prepare)(const BuiltinSettings&, const std::filesystem::path& study_directory) = nullptr;
};

const std::vector<BuiltinInfo>& builtin_trainables();

/// Null where there is none of that name.
const BuiltinInfo* find_builtin(std::string_view name);

/// Loads the data and gives a factory. Throws std::invalid_argument: an unknown name (with the nearest), an
/// unknown or bad setting, data that is missing or malformed.
BuiltinFactory prepare_builtin(std::string_view name, const BuiltinSettings& settings,
                               const std::filesystem::path& study_directory);

/// One object, for who needs no second one.
std::unique_ptr<Trainable> make_builtin(std::string_view name, const BuiltinSettings& settings,
                                        const std::filesystem::path& study_directory);

/// The keys beside `builtin` without loading anything: "" or "KEY: what is wrong with it".
std::string check_builtin_settings(const BuiltinInfo& info, const BuiltinSettings& settings);

/// "" or the first thing that this trainable can't use in the space: an unknown or missing parameter, a wrong
/// type, a range or a choice that it refuses. Parameters of the space that are always given a value it takes
/// are fine. The message begins with its place: "space.x1: …", or "space: …" for a missing one.
std::string check_builtin_space(const BuiltinInfo& info, const SearchSpace& space);

}  // namespace coppice
