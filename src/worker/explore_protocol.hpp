/// Between the JSON of PROTOCOL.md and the questions to an explorer of the user's. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "coppice/explore.hpp"

namespace coppice {

/// Of text that fits into a frame: where it would be too long, with fewer standings.
std::string encode_question(std::int64_t number, ExploreRequest request);
/// The process's side of it; nothing where it is malformed.
std::optional<ExploreRequest> decode_question(const nlohmann::ordered_json& message);

/// The named values of an object; null stands for one that isn't given. `problem` says what is no value.
Parameters decode_parameters(const nlohmann::ordered_json& object, std::string& problem);

}  // namespace coppice
