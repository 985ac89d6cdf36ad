/// Classification data for the built-in mlp: read from a CSV file (plain or gzip), checked, shuffled and
/// split. A Dataset is a value. Functions are safe from any thread. A file that is missing, torn or malformed
/// is the user's to mend: std::invalid_argument, "path:line: what is wrong".
///
/// Rows are shuffled in a fixed order, the same for every study and seed: the first 60 % train, the next 20 %
/// validate, the rest tests. Every row has the same number of columns, the last is the label, an integer from
/// 0; no header line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace coppice {

struct DatasetPart {
  std::vector<float> features;  ///< row after row
  std::vector<int> labels;
  std::size_t rows() const { return labels.size(); }
};

struct Dataset {
  std::size_t features = 0;  ///< per row
  std::size_t classes = 0;
  DatasetPart training;
  DatasetPart validation;
  DatasetPart test;
};

/// `digits`, or the path of a CSV file, relative to the study's directory.
Dataset load_dataset(std::string_view name, const std::filesystem::path& study_directory);

/// The UCI digits (1,797 images of 8 x 8 pixels from 0 to 16, scaled by 1/16), found by `find_digits`.
Dataset load_digits();

/// As load_digits, from a given file: 64 pixels and a label from 0 to 9 per row.
Dataset load_digits(const std::filesystem::path& file);

/// Any CSV: as many classes as the largest label + 1; features scaled so that the training part spans [0, 1]
/// (validation and test may leave it; a constant feature becomes 0).
Dataset load_csv(const std::filesystem::path& file);

/// PREFIX/share/coppice/data/digits.csv.gz for an executable in PREFIX/bin; without it, the source tree's
/// copy.
std::filesystem::path find_digits();

}  // namespace coppice
