/// The few calls to the file system that durability takes. Errors are thrown as JournalError, naming the
/// file. Any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace coppice::journal_files {

/// Owns a file descriptor.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

/// "No space left on device", and so on.
std::string error_text(int error);
/// "PATH: WHAT: the error", for errno.
[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what);
/// So that a name that was created, renamed or removed in it outlives the node.
void sync_directory(const std::filesystem::path& directory);
/// The file's bytes; nothing if it doesn't exist.
std::optional<std::string> read_text(const std::filesystem::path& path);
/// Writes all of it, at most as one write per call of the system. Returns how many bytes went in; errno says
/// why not all.
std::size_t write_all(int descriptor, std::span<const std::byte> bytes);

}  // namespace coppice::journal_files
