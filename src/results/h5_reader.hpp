/// Reads study.h5 back into columns: what `export`, `best` and `report` work on.
///
/// Ownership: values; the file is closed when a function returns. It may be replaced meanwhile: the old one
/// is read to its end. Threads: any; writers and readers of this process wait for each other. Failure:
/// ResultsError, one line that names the file and what to do.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "results/table.hpp"

namespace coppice {

class ResultsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A study's directory stands for the study.h5 in it.
std::filesystem::path results_file(const std::filesystem::path& directory_or_file);

/// A table by name, with whatever columns it has.
Table read_table(const std::filesystem::path& file, std::string_view name);
StudyAttributes read_attributes(const std::filesystem::path& file);
/// All of it.
Tables read_study(const std::filesystem::path& file);

}  // namespace coppice
