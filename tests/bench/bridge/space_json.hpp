/// Search spaces and hyperparameters as JSON, for benches whose problems are written in another language.
/// Pure functions.
#pragma once

#include <nlohmann/json.hpp>

#include "coppice/search_space.hpp"

namespace coppice::bench {

/// From [{"name", "type": float | int | categorical, "low", "high", "log", "choices", "condition": {"parent",
/// "in"}}, …]. Throws std::exception where it isn't that.
SearchSpace space_from(const nlohmann::ordered_json& json);

/// {"name": value, …}.
nlohmann::ordered_json to_json(const Parameters& parameters);

}  // namespace coppice::bench
