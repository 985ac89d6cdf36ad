#include "results/h5_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "results/cost_attributes.hpp"
#include "results/h5.hpp"

namespace coppice {

using namespace h5;

namespace {

constexpr hsize_t kChunkRows = 256;
constexpr std::size_t kBlockRows = 16 * kChunkRows;

struct Field {
  const Column* column;
  std::size_t offset;
  std::size_t width;
};

std::size_t width_of(const Column& column) {
  const auto* texts = std::get_if<Texts>(&column.values);
  if (texts == nullptr) return 8;
  std::size_t width = 1;
  for (const std::string& text : *texts) width = std::max(width, text.size());
  return width;
}

void pack(const Field& field, std::size_t first, std::size_t rows, std::size_t row_bytes,
          std::vector<char>& block) {
  std::visit(
      [&](const auto& values) {
        for (std::size_t i = 0; i < rows; ++i) {
          const auto& value = values[first + i];
          char* to = block.data() + i * row_bytes + field.offset;
          if constexpr (std::is_same_v<std::decay_t<decltype(values)>, Texts>) {
            std::memcpy(to, value.data(), value.size());
            std::memset(to + value.size(), 0, field.width - value.size());
          } else {
            std::memcpy(to, &value, sizeof value);
          }
        }
      },
      field.column->values);
}

void write_table(hid_t file, const Table& table) {
  std::vector<Field> layout;
  std::size_t row_bytes = 0;
  for (const Column& column : table.columns) {
    layout.push_back({&column, row_bytes, width_of(column)});
    row_bytes += layout.back().width;
  }
  const H5Id type(H5Tcreate(H5T_COMPOUND, row_bytes), H5Tclose, "row type");
  for (const Field& field : layout) {
    const char* name = field.column->name.c_str();
    if (std::holds_alternative<Texts>(field.column->values)) {
      checked(H5Tinsert(type, name, field.offset, text_type(field.width)), name);
    } else if (std::holds_alternative<Ints>(field.column->values)) {
      checked(H5Tinsert(type, name, field.offset, H5T_NATIVE_INT64), name);
    } else {
      checked(H5Tinsert(type, name, field.offset, H5T_NATIVE_DOUBLE), name);
    }
  }

  const std::size_t rows = table.rows();
  const hsize_t size = rows;
  const hsize_t unlimited = H5S_UNLIMITED;
  const H5Id space(H5Screate_simple(1, &size, &unlimited), H5Sclose, "table size");
  const H5Id how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "table properties");
  checked(H5Pset_chunk(how, 1, &kChunkRows), "chunk size");
  // Equal tables make equal files, to the byte.
  checked(H5Pset_obj_track_times(how, false), "table properties");
  const H5Id dataset(H5Dcreate2(file, table.name.c_str(), type, space, H5P_DEFAULT, how, H5P_DEFAULT),
                     H5Dclose, table.name.c_str());
  std::vector<char> block(std::min(rows, kBlockRows) * row_bytes);
  for (std::size_t first = 0; first < rows; first += kBlockRows) {
    const hsize_t start = first;
    const hsize_t count = std::min(rows - first, kBlockRows);
    for (const Field& field : layout) pack(field, first, count, row_bytes, block);
    checked(H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &count, nullptr), "rows");
    const H5Id memory(H5Screate_simple(1, &count, nullptr), H5Sclose, "rows");
    checked(H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, block.data()), table.name.c_str());
  }
}

void write_attribute(hid_t file, const char* name, hid_t type, const void* value) {
  const H5Id space(H5Screate(H5S_SCALAR), H5Sclose, name);
  const H5Id attribute(H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, name);
  checked(H5Awrite(attribute, type, value), name);
}

void write_attribute(hid_t file, const char* name, const std::string& text) {
  // Of variable length, since an attribute itself holds at most 64 KiB, and a study file may be longer.
  const char* pointer = text.c_str();
  write_attribute(file, name, long_text_type(), &pointer);
}

void write_attributes(hid_t file, const StudyAttributes& about) {
  write_attribute(file, "name", about.name);
  write_attribute(file, "version", about.version);
  write_attribute(file, "schema", H5T_NATIVE_INT64, &about.schema);
  write_attribute(file, "seed", H5T_NATIVE_UINT64, &about.seed);
  write_attribute(file, "objective", about.objective);
  write_attribute(file, "direction", about.direction);
  write_attribute(file, "study", about.study);
  write_attribute(file, "slurm_job_ids", about.slurm_job_ids);
  write_attribute(file, "software", about.software);
  write_attribute(file, "environment", about.environment);
  write_attribute(file, "started", about.started);
  write_attribute(file, "ended", about.ended);
  write_attribute(file, "state", about.state);
  write_attribute(file, "incarnations", H5T_NATIVE_INT64, &about.incarnations);
  write_attribute(file, "running_time_s", H5T_NATIVE_DOUBLE, &about.running_time_s);
  write_attribute(file, "metrics_left_out", H5T_NATIVE_INT64, &about.metrics_left_out);
  const auto write = [file](const char* name, const auto& value) {
    write_attribute(file, name, number_type(value), &value);
  };
  cost_attributes(write, const_cast<StudyAttributes&>(about));  // it only looks
}

/// The file's bytes. Made in memory, so that a full disk is our error to report and not the library's to
/// recover from: it keeps a file open that it can't close.
std::vector<char> make_image(const Tables& tables) {
  const auto lock = lock_hdf5();
  const H5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file properties");
  checked(H5Pset_fapl_core(access, std::size_t{1} << 20, false), "file in memory");
  const H5Id file(H5Fcreate("study.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose, "file in memory");
  write_attributes(file, tables.attributes);
  for (const Table* table : tables.all()) write_table(file, *table);
  checked(H5Fflush(file, H5F_SCOPE_GLOBAL), "flush");
  std::vector<char> image(
      static_cast<std::size_t>(checked(H5Fget_file_image(file, nullptr, 0), "image size")));
  checked(H5Fget_file_image(file, image.data(), image.size()), "image");
  return image;
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

std::string failure(const std::filesystem::path& path, const std::string& what, int error) {
  return fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(error));
}

std::optional<std::string> write_file(const std::filesystem::path& path, const std::vector<char>& image) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0) return failure(path, "can't create it", errno);
  std::size_t written = 0;
  while (written < image.size()) {
    const ssize_t n = ::write(file.get(), image.data() + written, image.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return failure(path, fmt::format("only {} of {} bytes could be written", written, image.size()),
                     n == 0 ? ENOSPC : errno);
    }
    written += static_cast<std::size_t>(n);
  }
  if (::fsync(file.get()) != 0) return failure(path, "can't make it durable", errno);
  return std::nullopt;
}

}  // namespace

std::string hdf5_library_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  const auto lock = lock_hdf5();
  checked(H5get_libversion(&major, &minor, &release), "version");
  return fmt::format("{}.{}.{}", major, minor, release);
}

std::optional<std::string> write_study(const Tables& tables, const std::filesystem::path& directory) {
  const auto path = directory / "study.h5";
  // One name: what a killed run leaves is overwritten by the next write.
  const auto temporary = directory / ".study.h5.tmp";
  std::vector<char> image;
  try {
    image = make_image(tables);
  } catch (const H5Error& error) {
    return fmt::format("{}: HDF5 can't make the file: {}", path.string(), error.what());
  } catch (const std::bad_alloc&) {
    return path.string() + ": too little memory to make the file";
  }
  if (auto error = write_file(temporary, image)) {
    ::unlink(temporary.c_str());
    return error;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = failure(path, "can't rename " + temporary.filename().string() + " to it", errno);
    ::unlink(temporary.c_str());
    return error;
  }
  const Descriptor parent(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() < 0 || (::fsync(parent.get()) != 0 && errno != EINVAL && errno != EBADF)) {
    return failure(directory, "can't sync the directory", errno);
  }
  return std::nullopt;
}

}  // namespace coppice
