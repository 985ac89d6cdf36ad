/// What the tests of checkpoints share: a folder of their own, states with known bytes, and a write to disk
/// that takes exactly as long as a test wants.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <span>
#include <string>

#include "wire/checkpoint_name.hpp"
#include "worker/blob.hpp"
#include "worker/unique_fd.hpp"

namespace coppice {

/// Made empty, removed with all that is in it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "coppice-checkpoints-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.insert(entry.path().filename());
    return names;
  }

 private:
  std::filesystem::path path_;
};

inline Blob blob_of(const std::string& text) {
  return Blob::copy(std::as_bytes(std::span(text)));
}
inline std::string text_of(const Blob& blob) {
  return {reinterpret_cast<const char*>(blob.bytes().data()), blob.size()};
}

/// A state of the host helper that has counted to `value`.
inline Blob counted_to(std::int64_t value) {
  return Blob::copy(std::as_bytes(std::span(&value, 1)));
}

/// Puts a pipe where a checkpoint's temporary file will be: its writer waits until release(), and then fails,
/// since a pipe can't be synced. Must outlive the writer.
class HeldWrite {
 public:
  HeldWrite(const std::filesystem::path& directory, const CheckpointId& id)
      : path_(directory / (checkpoint_file_name(id) + ".tmp")) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0) << std::strerror(errno);
  }
  /// The pipe itself, where its writer never came to it.
  void clear() { std::filesystem::remove(path_); }
  void release() { reader_.reset(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)); }

 private:
  std::filesystem::path path_;
  UniqueFd reader_;
};

}  // namespace coppice
