/// What a person wants to know when a run has ended: on a terminal, in a few lines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "results/table.hpp"

namespace coppice {

/// How much of the workers' time went into segments, between 0 and 1, and the bytes of checkpoints that they
/// exchanged.
struct Utilisation {
  double busy = 0;
  double trained = 0;  ///< in the trainable's own steps
};
Utilisation utilisation(const Tables& tables);

/// A number to four significant digits; other text as it is.
std::string short_text(const std::string& value);

/// `reason`: why the run ended, if that needs saying.
std::string summary_text(const Tables& tables, const std::filesystem::path& directory,
                         std::int64_t pulled_bytes, const std::string& reason);

}  // namespace coppice
