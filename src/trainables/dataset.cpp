#include "trainables/dataset.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "coppice/rng.hpp"
#include "coppice/value.hpp"

namespace coppice {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFewestRows = 30;
constexpr std::uint64_t kSplitSeed = 1998;  // the split belongs to the data, not to a study
constexpr std::size_t kDigitsFeatures = 64;
constexpr std::size_t kDigitsClasses = 10;
constexpr double kDigitsWhite = 16;

/// Rows as they stand in the file.
struct Table {
  std::size_t features = 0;
  std::vector<double> values;
  std::vector<int> labels;
};

[[noreturn]] void refuse(const fs::path& file, std::size_t line, const std::string& what) {
  throw std::invalid_argument(file.string() + ":" + std::to_string(line) + ": " + what);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  return "'" + std::string(text.substr(0, kLongest)) + (text.size() > kLongest ? "…'" : "'");
}

struct GzClose {
  void operator()(gzFile file) const { gzclose(file); }
};

std::string read_text(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) throw std::invalid_argument(file.string() + ": the data file is missing");
  if (!fs::is_regular_file(status)) throw std::invalid_argument(file.string() + ": not a file");
  const std::unique_ptr<gzFile_s, GzClose> in(gzopen(file.c_str(), "rb"));
  if (in == nullptr)
    throw std::invalid_argument(file.string() + ": the data file can't be read (permissions?)");
  std::string text;
  std::array<char, 1 << 16> buffer;
  int count = 0;
  while ((count = gzread(in.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  int code = Z_OK;
  const char* message = gzerror(in.get(), &code);
  const std::size_t line = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  // An end in the middle of the compressed stream is Z_BUF_ERROR, without a negative count.
  if (code == Z_BUF_ERROR) refuse(file, line, "torn: the compressed data ends here; copy the file again");
  if (count < 0 || code != Z_OK) {
    refuse(file, line,
           std::string("damaged: ") + (*message != '\0' ? message : "read error") + "; copy the file again");
  }
  if (file.extension() == ".gz" && gzdirect(in.get()) != 0) {
    refuse(file, 1, "damaged: named .gz, but not compressed by gzip; copy the file again");
  }
  return text;
}

double parse_number(std::string_view field, const fs::path& file, std::size_t line) {
  while (!field.empty() && (field.front() == ' ' || field.front() == '+')) field.remove_prefix(1);
  while (!field.empty() && field.back() == ' ') field.remove_suffix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(number)) {
    refuse(file, line,
           quoted(field) + " is not a number" + (line == 1 ? " (a header line? take it out)" : ""));
  }
  return number;
}

int parse_label(double number, const fs::path& file, std::size_t line) {
  constexpr double kLargest = 1e6;
  if (std::trunc(number) != number || number < 0 || number > kLargest) {
    refuse(file, line, "the last column is the label, an integer from 0; found " + to_text(number));
  }
  return static_cast<int>(number);
}

Table parse(std::string_view text, const fs::path& file) {
  Table table;
  std::size_t line = 0;
  std::size_t columns = 0;
  std::vector<double> row;
  while (!text.empty()) {
    ++line;
    const std::size_t end = text.find('\n');
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    if (rest.empty() && text.empty()) break;
    row.clear();
    while (true) {
      const std::size_t comma = rest.find(',');
      row.push_back(parse_number(rest.substr(0, comma), file, line));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    if (columns == 0) columns = row.size();
    if (row.size() != columns) {
      refuse(file, line,
             std::to_string(row.size()) + " columns where the first row has " + std::to_string(columns));
    }
    if (columns < 2)
      refuse(file, line, "one column only: features and a label, separated by commas, are needed");
    table.labels.push_back(parse_label(row.back(), file, line));
    table.values.insert(table.values.end(), row.begin(), row.end() - 1);
  }
  if (table.labels.size() < kFewestRows) {
    refuse(file, line,
           "the file ends after " + std::to_string(table.labels.size()) + " rows; at least " +
               std::to_string(kFewestRows) + " are needed");
  }
  table.features = columns - 1;
  return table;
}

/// The rows of each part: training, validation, test.
std::array<std::vector<std::size_t>, 3> split(std::size_t rows) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng rng(kSplitSeed, Purpose::kTrain, 0, hash_name("split"));
  for (std::size_t i = rows; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  const auto first = order.begin() + static_cast<std::ptrdiff_t>(rows * 3 / 5);
  const auto second = order.begin() + static_cast<std::ptrdiff_t>(rows * 4 / 5);
  return {std::vector(order.begin(), first), std::vector(first, second), std::vector(second, order.end())};
}

/// feature -> (value - low) * scale
struct Scaling {
  std::vector<double> low;
  std::vector<double> scale;
};

Scaling min_max_scaling(const Table& table, std::span<const std::size_t> rows) {
  Scaling scaling{std::vector<double>(table.features), std::vector<double>(table.features)};
  for (std::size_t j = 0; j < table.features; ++j) {
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const std::size_t i : rows) {
      low = std::min(low, table.values[i * table.features + j]);
      high = std::max(high, table.values[i * table.features + j]);
    }
    scaling.low[j] = low;
    scaling.scale[j] = high > low ? 1 / (high - low) : 0;
  }
  return scaling;
}

DatasetPart gather(const Table& table, std::span<const std::size_t> rows, const Scaling& scaling) {
  DatasetPart part;
  part.features.reserve(rows.size() * table.features);
  part.labels.reserve(rows.size());
  for (const std::size_t i : rows) {
    for (std::size_t j = 0; j < table.features; ++j) {
      const double value = table.values[i * table.features + j];
      part.features.push_back(static_cast<float>((value - scaling.low[j]) * scaling.scale[j]));
    }
    part.labels.push_back(table.labels[i]);
  }
  return part;
}

Dataset assemble(const Table& table, std::size_t classes,
                 const std::array<std::vector<std::size_t>, 3>& parts, const Scaling& scaling) {
  return {table.features, classes, gather(table, parts[0], scaling), gather(table, parts[1], scaling),
          gather(table, parts[2], scaling)};
}

}  // namespace

Dataset load_csv(const fs::path& file) {
  const Table table = parse(read_text(file), file);
  const auto classes =
      static_cast<std::size_t>(*std::max_element(table.labels.begin(), table.labels.end())) + 1;
  if (classes < 2 || classes > table.labels.size()) {
    throw std::invalid_argument(file.string() + ": the last column (the label) says " +
                                std::to_string(classes) + " classes in " +
                                std::to_string(table.labels.size()) +
                                " rows; labels are integers from 0 to classes - 1, two classes at least");
  }
  const auto parts = split(table.labels.size());
  return assemble(table, classes, parts, min_max_scaling(table, parts[0]));
}

Dataset load_digits(const fs::path& file) {
  const Table table = parse(read_text(file), file);
  if (table.features != kDigitsFeatures) {
    refuse(file, 1, std::to_string(table.features + 1) + " columns; the digits have 65");
  }
  for (std::size_t i = 0; i < table.labels.size(); ++i) {
    if (table.labels[i] >= static_cast<int>(kDigitsClasses)) {
      refuse(file, i + 1, "label " + std::to_string(table.labels[i]) + " is not a digit");
    }
    for (std::size_t j = 0; j < table.features; ++j) {
      const double pixel = table.values[i * table.features + j];
      if (pixel < 0 || pixel > kDigitsWhite)
        refuse(file, i + 1, "pixel " + to_text(pixel) + " is not in 0 to 16");
    }
  }
  const Scaling scaling{std::vector<double>(table.features, 0.0),
                        std::vector<double>(table.features, 1 / kDigitsWhite)};
  return assemble(table, kDigitsClasses, split(table.labels.size()), scaling);
}

Dataset load_digits() {
  return load_digits(find_digits());
}

Dataset load_dataset(std::string_view name, const fs::path& study_directory) {
  if (name == "digits") return load_digits();
  if (name.empty()) throw std::invalid_argument("dataset: give 'digits' or the path of a CSV file");
  return load_csv(study_directory / fs::path(name));
}

fs::path find_digits() {
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path installed = executable.parent_path().parent_path() / "share/coppice/data/digits.csv.gz";
    if (fs::exists(installed, error)) return installed;
  }
  return COPPICE_DIGITS_IN_SOURCE;
}

}  // namespace coppice
