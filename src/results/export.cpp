#include "results/export.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "coppice/value.hpp"

namespace coppice {

namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

std::string csv(std::int64_t value) {
  return value == kMissingInt ? "" : std::to_string(value);
}
std::string csv(double value) {
  return std::isnan(value) ? "" : to_text(value);
}
std::string csv(const std::string& value) {
  return csv_field(value);
}

std::string json(std::int64_t value) {
  return value == kMissingInt ? "null" : std::to_string(value);
}
std::string json(double value) {
  if (std::isnan(value)) return "null";
  return std::isinf(value) ? quoted(to_text(value)) : to_text(value);
}
std::string json(const std::string& value) {
  return value.empty() ? "null" : quoted(value);
}

}  // namespace

void export_table(const Table& table, ExportFormat format, std::ostream& stream) {
  const bool as_csv = format == ExportFormat::kCsv;
  std::vector<std::string> names;
  for (const Column& column : table.columns)
    names.push_back(as_csv ? csv_field(column.name) : quoted(column.name));
  if (as_csv) {
    for (std::size_t i = 0; i < names.size(); ++i) stream << (i == 0 ? "" : ",") << names[i];
    stream << '\n';
  }
  if (!as_csv) stream << '[';
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (!as_csv) stream << (row == 0 ? "\n{" : ",\n{");
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) stream << ',';
      if (!as_csv) stream << names[i] << ':';
      std::visit([&](const auto& values) { stream << (as_csv ? csv(values[row]) : json(values[row])); },
                 table.columns[i].values);
    }
    stream << (as_csv ? "\n" : "}");
  }
  if (!as_csv) stream << "\n]\n";
}

}  // namespace coppice
