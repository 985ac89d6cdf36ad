#include "journal/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "journal/record.hpp"

namespace coppice::journal_files {

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string error_text(int error) {
  return std::generic_category().message(error);
}

void fail(const std::filesystem::path& path, const std::string& what) {
  const int error = errno;
  throw JournalError(fmt::format("{}: {}: {}", path.string(), what, error_text(error)));
}

void sync_directory(const std::filesystem::path& directory) {
  const auto path = directory.empty() ? std::filesystem::path(".") : directory;
  const File file(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file) fail(path, "can't open the directory");
  // Some file systems can't sync a directory and say so; their names are then as durable as they make them.
  if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EBADF) fail(path, "can't sync the directory");
}

std::optional<std::string> read_text(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    fail(path, "can't open it for reading");
  }
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "can't read it");
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

std::size_t write_all(int descriptor, std::span<const std::byte> bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(descriptor, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    if (n == 0) {
      errno = ENOSPC;
      break;
    }
    written += static_cast<std::size_t>(n);
  }
  return written;
}

}  // namespace coppice::journal_files
