/// The hyperparameters that a built-in trainable takes, and the check of values and search spaces against
/// them. Pure values; safe from any thread. Messages are one line, without the place: the caller knows the
/// file.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/search_space.hpp"
#include "coppice/value.hpp"

namespace coppice {

enum class ParameterKind { kReal, kInteger, kChoice };

struct ParameterInfo {
  std::string name = {};
  ParameterKind kind = ParameterKind::kReal;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;                  ///< low itself is refused
  bool high_open = false;                 ///< high itself is refused
  std::vector<std::string> choices = {};  ///< kChoice: the words it takes
  bool required = false;                  ///< without it there is nothing to compute
};

/// What is wrong with this value for this parameter ("learning_rate is -1, which is not above 0"), or "".
std::string value_problem(const ParameterInfo& info, const Value& value);

/// What is wrong with searching this parameter ("batch_size: low 0 is not at least 1"), or "".
std::string range_problem(const ParameterInfo& info, const Parameter& parameter);

/// Throws std::invalid_argument unless every parameter is in the table and has a value that it takes, and
/// none of the required ones is missing.
void require_parameters(std::string_view trainable, const std::vector<ParameterInfo>& table,
                        const Parameters& parameters);

}  // namespace coppice
