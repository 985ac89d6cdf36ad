/// The bytes of a checkpoint: an immutable memfd and its mapping. Its descriptor can be handed to another
/// process, no name in any file system leads to it, and it is gone when the last holder is.
///
/// Ownership: a Blob owns its descriptor and its mapping. Threads: a Blob can be read from several threads at
/// once (crc() too); moving it needs care as ever. Failure: std::system_error where the machine has no memory
/// or no descriptors left, or where a descriptor that was adopted is not a readable file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "worker/unique_fd.hpp"

namespace coppice {

class Blob {
 public:
  /// No bytes and no descriptor.
  Blob() = default;
  Blob(Blob&& other) noexcept;
  Blob& operator=(Blob&& other) noexcept;
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;
  ~Blob();

  static Blob copy(std::span<const std::byte> bytes);
  /// Takes `fd` over (it is closed on failure too). A memfd is sealed and mapped as it is; any other regular
  /// file, and a memfd that can't be sealed, is copied, since its owner could still change or truncate it.
  static Blob adopt(int fd);

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  /// For SCM_RIGHTS. Its file offset is shared by all holders: use pread or mmap. -1 where there are no
  /// bytes.
  int fd() const { return fd_.get(); }
  /// zlib's CRC-32 of the bytes; computed when first asked for.
  std::uint32_t crc() const;

 private:
  friend class BlobBuilder;
  static Blob sealed(UniqueFd fd, std::size_t size);

  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
  UniqueFd fd_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  mutable std::atomic<std::uint64_t> crc_{kUnknown};
};

/// A blob under construction: `size` writable bytes, filled in any order (chunks from the network), then
/// finished.
class BlobBuilder {
 public:
  explicit BlobBuilder(std::size_t size);
  BlobBuilder(BlobBuilder&& other) noexcept;
  BlobBuilder& operator=(BlobBuilder&& other) noexcept;
  BlobBuilder(const BlobBuilder&) = delete;
  BlobBuilder& operator=(const BlobBuilder&) = delete;
  ~BlobBuilder();

  std::span<std::byte> bytes() { return {data_, size_}; }
  /// Seals the bytes; the builder is empty afterwards.
  Blob finish() &&;

 private:
  UniqueFd fd_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace coppice
