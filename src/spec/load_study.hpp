/// Reads and checks a study file: the only entrance to this folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/catalogs.hpp"
#include "spec/spec_error.hpp"
#include "spec/study_spec.hpp"

namespace coppice {

/// The study that `file` describes, after `overrides` ("KEY=VALUE" from --set, dotted path, applied in order)
/// and `seed` (from --seed, stronger than both). Throws SpecError for anything that is wrong with them.
StudySpec load_study(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                     std::optional<std::uint64_t> seed, const Catalogs& catalogs);

/// Where the end of a dotted path, such as scheduler.explore, stands in that file, after its overrides; where
/// it isn't there, the beginning of the file. Precondition: load_study took both.
Place place_in_study(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                     std::string_view path);

/// The same from a text that was read before (StudySpec::text): `file` is what messages call it, `directory`
/// where its relative paths start.
StudySpec parse_study_text(std::string text, const std::filesystem::path& file,
                           const std::filesystem::path& directory, const std::vector<std::string>& overrides,
                           std::optional<std::uint64_t> seed, const Catalogs& catalogs);

}  // namespace coppice
