#include "worker/checkpoint_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "wire/checkpoint_name.hpp"
#include "worker/unique_fd.hpp"

namespace coppice {
namespace {

constexpr std::array<char, 8> kMagic = {'C', 'O', 'P', 'P', 'I', 'C', 'E', 'C'};
constexpr std::uint32_t kVersion = 1;

struct FileHeader {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t crc = 0;
  std::uint64_t size_bytes = 0;
};
static_assert(sizeof(FileHeader) == 24);

std::string describe(const char* what, const std::filesystem::path& file, std::uint64_t bytes) {
  return fmt::format("{} {} ({} bytes): {}", what, file.string(), bytes, std::strerror(errno));
}

bool write_all(int fd, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// On a full disk this fails before anything is written, and so without a load of work for nothing.
bool reserve(int fd, std::size_t size) {
  return ::fallocate(fd, 0, 0, static_cast<off_t>(size)) == 0 || (errno != ENOSPC && errno != EDQUOT);
}

bool read_all(int fd, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t n = ::read(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ENODATA;  // cut short since its size was asked for
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

std::string write_checkpoint_file(const std::filesystem::path& directory, const CheckpointId& id,
                                  const Blob& blob) {
  const auto file = directory / checkpoint_file_name(id);
  const auto temporary = directory / (checkpoint_file_name(id) + ".tmp");
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return describe("can't create", temporary, blob.size());
  FileHeader header;
  header.crc = blob.crc();
  header.size_bytes = blob.size();
  if (!reserve(fd.get(), sizeof header + blob.size()) || !write_all(fd.get(), &header, sizeof header) ||
      !write_all(fd.get(), blob.bytes().data(), blob.size()) || ::fdatasync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), file.c_str()) != 0) {
    std::string error = describe("can't write", file, blob.size());
    ::unlink(temporary.c_str());
    return error;
  }
  const UniqueFd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
  return {};
}

CheckpointRead read_checkpoint_file(const std::filesystem::path& directory, const CheckpointId& id) {
  const auto file = directory / checkpoint_file_name(id);
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {{}, describe("can't open", file, 0)};
  struct stat status {};
  FileHeader header;
  if (::fstat(fd.get(), &status) != 0) return {{}, describe("can't read", file, 0)};
  const auto size_bytes = static_cast<std::uint64_t>(status.st_size);
  if (size_bytes < sizeof header || !read_all(fd.get(), &header, sizeof header) || header.magic != kMagic ||
      header.version != kVersion || header.size_bytes != size_bytes - sizeof header) {
    return {{}, fmt::format("{} is damaged: {} bytes, and no valid header", file.string(), size_bytes)};
  }
  try {
    BlobBuilder builder(header.size_bytes);
    if (!read_all(fd.get(), builder.bytes().data(), builder.bytes().size()))
      return {{}, describe("can't read", file, size_bytes)};
    Blob blob = std::move(builder).finish();
    if (blob.crc() != header.crc)
      return {{}, fmt::format("{} is damaged: its checksum is wrong", file.string())};
    return {std::move(blob), {}};
  } catch (const std::system_error& error) {
    return {{}, fmt::format("can't read {} ({} bytes): {}", file.string(), size_bytes, error.what())};
  }
}

}  // namespace coppice
