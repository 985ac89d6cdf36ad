#include "results/h5_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "results/cost_attributes.hpp"
#include "results/h5.hpp"

namespace coppice {

using namespace h5;

namespace {

constexpr std::size_t kBlockRows = 4096;

H5Id open_file(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw ResultsError(path.string() + ": there is no such file; has the study been started?");
  }
  const H5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file properties");
  // The file is never written to in place, and some parallel file systems have no locks.
  checked(H5Pset_file_locking(access, false, true), "file properties");
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  if (file < 0) {
    throw ResultsError(path.string() +
                       ": it is not a complete HDF5 file; `coppice recover` makes it from the journal");
  }
  return H5Id(file, H5Fclose, "file");
}

/// What the library says of a damaged file, with the file's name.
template <class Read>
auto reading(const std::filesystem::path& path, Read read) {
  const auto lock = lock_hdf5();
  try {
    return read(open_file(path));
  } catch (const H5Error& error) {
    throw ResultsError(path.string() + ": can't read " + error.what());
  }
}

struct Field {
  std::size_t offset;
  std::size_t width;
};

void unpack(const std::vector<char>& block, std::size_t rows, std::size_t row_bytes, const Field& field,
            Column& column) {
  std::visit(
      [&](auto& values) {
        for (std::size_t i = 0; i < rows; ++i) {
          const char* from = block.data() + i * row_bytes + field.offset;
          if constexpr (std::is_same_v<std::decay_t<decltype(values)>, Texts>) {
            values.emplace_back(from, ::strnlen(from, field.width));
          } else {
            std::memcpy(&values.emplace_back(), from, sizeof(values.front()));
          }
        }
      },
      column.values);
}

Table read_table(hid_t file, const std::string& name) {
  const H5Id dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose, name.c_str());
  const H5Id type(H5Dget_type(dataset), H5Tclose, name.c_str());
  if (H5Tget_class(type) != H5T_COMPOUND) throw H5Error(name + ": it is not a table");

  Table table{name, {}};
  std::vector<Field> layout;
  std::vector<H5Id> types;
  std::size_t row_bytes = 0;
  const int members = checked(H5Tget_nmembers(type), name.c_str());
  for (int i = 0; i < members; ++i) {
    const auto index = static_cast<unsigned>(i);
    char* member_name = H5Tget_member_name(type, index);
    if (member_name == nullptr) fail(name.c_str());
    const std::string column(member_name);
    H5free_memory(member_name);
    const H5Id member(H5Tget_member_type(type, index), H5Tclose, column.c_str());
    const H5T_class_t kind = H5Tget_class(member);
    std::size_t width = 8;
    if (kind == H5T_INTEGER) {
      table.columns.push_back({column, Ints()});
      types.emplace_back(H5Tcopy(H5T_NATIVE_INT64), H5Tclose, column.c_str());
    } else if (kind == H5T_FLOAT) {
      table.columns.push_back({column, Doubles()});
      types.emplace_back(H5Tcopy(H5T_NATIVE_DOUBLE), H5Tclose, column.c_str());
    } else if (kind == H5T_STRING && H5Tis_variable_str(member) == 0) {
      table.columns.push_back({column, Texts()});
      types.emplace_back(H5Tcopy(member), H5Tclose, column.c_str());
      width = H5Tget_size(member);
    } else {
      throw H5Error(name + ": column " + column + " is neither a number nor text");
    }
    layout.push_back({row_bytes, width});
    row_bytes += width;
  }
  const H5Id row(H5Tcreate(H5T_COMPOUND, row_bytes), H5Tclose, name.c_str());
  for (std::size_t i = 0; i < layout.size(); ++i) {
    checked(H5Tinsert(row, table.columns[i].name.c_str(), layout[i].offset, types[i]), name.c_str());
  }

  const H5Id space(H5Dget_space(dataset), H5Sclose, name.c_str());
  const auto rows = static_cast<std::size_t>(checked(H5Sget_simple_extent_npoints(space), name.c_str()));
  std::vector<char> block(std::min(rows, kBlockRows) * row_bytes);
  for (std::size_t first = 0; first < rows; first += kBlockRows) {
    const hsize_t start = first;
    const hsize_t count = std::min(rows - first, kBlockRows);
    checked(H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &count, nullptr), name.c_str());
    const H5Id memory(H5Screate_simple(1, &count, nullptr), H5Sclose, name.c_str());
    checked(H5Dread(dataset, row, memory, space, H5P_DEFAULT, block.data()), name.c_str());
    for (std::size_t i = 0; i < layout.size(); ++i)
      unpack(block, count, row_bytes, layout[i], table.columns[i]);
  }
  return table;
}

void read_attribute(hid_t file, const char* name, hid_t type, void* value) {
  const H5Id attribute(H5Aopen(file, name, H5P_DEFAULT), H5Aclose, name);
  checked(H5Aread(attribute, type, value), name);
}

std::string read_text_attribute(hid_t file, const char* name) {
  char* text = nullptr;
  read_attribute(file, name, long_text_type(), &text);
  std::string result = text == nullptr ? "" : text;
  H5free_memory(text);
  return result;
}

/// Of a version that the file may be older than.
std::string read_later_attribute(hid_t file, const char* name) {
  return checked(H5Aexists(file, name), name) > 0 ? read_text_attribute(file, name) : "";
}

StudyAttributes read_attributes(hid_t file) {
  StudyAttributes about;
  about.name = read_text_attribute(file, "name");
  about.version = read_text_attribute(file, "version");
  read_attribute(file, "schema", H5T_NATIVE_INT64, &about.schema);
  read_attribute(file, "seed", H5T_NATIVE_UINT64, &about.seed);
  about.objective = read_text_attribute(file, "objective");
  about.direction = read_text_attribute(file, "direction");
  about.study = read_text_attribute(file, "study");
  about.slurm_job_ids = read_text_attribute(file, "slurm_job_ids");
  about.software = read_later_attribute(file, "software");
  about.environment = read_later_attribute(file, "environment");
  about.started = read_text_attribute(file, "started");
  about.ended = read_text_attribute(file, "ended");
  about.state = read_text_attribute(file, "state");
  read_attribute(file, "incarnations", H5T_NATIVE_INT64, &about.incarnations);
  read_attribute(file, "running_time_s", H5T_NATIVE_DOUBLE, &about.running_time_s);
  read_attribute(file, "metrics_left_out", H5T_NATIVE_INT64, &about.metrics_left_out);
  const auto read = [file](const char* name, auto& value) {
    // A file of an older coppice doesn't have them.
    if (checked(H5Aexists(file, name), name) > 0) read_attribute(file, name, number_type(value), &value);
  };
  cost_attributes(read, about);
  return about;
}

}  // namespace

std::filesystem::path results_file(const std::filesystem::path& directory_or_file) {
  return std::filesystem::is_directory(directory_or_file) ? directory_or_file / "study.h5"
                                                          : directory_or_file;
}

Table read_table(const std::filesystem::path& file, std::string_view name) {
  if (std::find(kTableNames.begin(), kTableNames.end(), name) == kTableNames.end()) {
    throw ResultsError(
        fmt::format("there is no table '{}'; there are {}", name, fmt::join(kTableNames, ", ")));
  }
  return reading(file, [name](hid_t id) { return read_table(id, std::string(name)); });
}

StudyAttributes read_attributes(const std::filesystem::path& file) {
  return reading(file, [](hid_t id) { return read_attributes(id); });
}

Tables read_study(const std::filesystem::path& file) {
  return reading(file, [](hid_t id) {
    Tables tables;
    tables.attributes = read_attributes(id);
    tables.trials = read_table(id, "trials");
    tables.reports = read_table(id, "reports");
    tables.segments = read_table(id, "segments");
    tables.decisions = read_table(id, "decisions");
    tables.workers = read_table(id, "workers");
    tables.incumbent = read_table(id, "incumbent");
    return tables;
  });
}

}  // namespace coppice
