/// The command of a program that can't change, with its placeholders: `--lr={learning_rate}`.
///
/// core/placeholders.hpp says what they are; the study's check refuses the same ones. An argument that names
/// a parameter that is absent (its condition is off) is dropped. Pure; throws std::invalid_argument.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "worker/host_messages.hpp"

namespace coppice {

/// Throws where a placeholder is neither one of `names` nor of the trial's own.
void check_placeholders(const std::vector<std::string>& command, const std::vector<std::string>& names);

/// argv for one segment. Precondition: check_placeholders passed.
std::vector<std::string> fill_placeholders(const std::vector<std::string>& command,
                                           const std::vector<std::string>& names, const SegmentOrder& order);

/// The last complete JSON object in what a program printed, numbers only, in its order: entries that are no
/// numbers are left out. NaN, Infinity and -Infinity are taken as Python prints them. False where there is no
/// object.
bool last_metrics(std::string_view output, Metrics& metrics);

}  // namespace coppice
