/// Checkpoints of the built-in trainables as bytes: a kind, a version, the length and a CRC-32 of what
/// follows, then numbers in little-endian order. Values own their bytes; a reader looks at the caller's. One
/// thread each. A blob that is torn, altered, or of another kind or version is refused with
/// std::invalid_argument.
///
///   offset  0  8 bytes  kind, e.g. "mlp", filled with zeros
///           8  u32      version
///          12  u32      CRC-32 (zlib) of the payload
///          16  u64      length of the payload
///          24  payload
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coppice {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

class BlobWriter {
 public:
  /// `kind` has at most eight characters.
  BlobWriter(std::string_view kind, std::uint32_t version);

  template <class T>
  requires std::is_arithmetic_v<T>
  void put(T value) { append(std::as_bytes(std::span(&value, 1))); }
  template <class T>
  requires std::is_arithmetic_v<T>
  void put_all(std::span<const T> values) {
    put(static_cast<std::uint64_t>(values.size()));
    append(std::as_bytes(values));
  }
  /// Closes the header and hands out the bytes; the writer is empty afterwards.
  std::vector<std::byte> finish();

 private:
  void append(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  std::vector<std::byte> bytes_;
};

class BlobReader {
 public:
  /// Checks the header, the length and the checksum. `blob` must outlive the reader.
  BlobReader(std::span<const std::byte> blob, std::string_view kind, std::uint32_t version);

  template <class T>
  requires std::is_arithmetic_v<T> T get() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  /// Reads what `put_all` wrote; its length must be `count`.
  template <class T>
  requires std::is_arithmetic_v<T> std::vector<T> get_all(std::size_t count) {
    require_count(get<std::uint64_t>(), count);
    const std::span<const std::byte> bytes = take(count * sizeof(T));
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  /// Refuses bytes that nobody read.
  void finish() const;

 private:
  std::span<const std::byte> take(std::size_t size);
  static void require_count(std::uint64_t found, std::size_t wanted);

  std::span<const std::byte> rest_;
};

}  // namespace coppice
