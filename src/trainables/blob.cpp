#include "trainables/blob.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/check.hpp"

namespace coppice {

namespace {

constexpr std::size_t kKindBytes = 8;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kChecksumAt = 12;
constexpr std::size_t kLengthAt = 16;
constexpr std::size_t kHeaderBytes = 24;

std::array<char, kKindBytes> padded(std::string_view kind) {
  check(kind.size() <= kKindBytes, "a checkpoint's kind has at most eight characters");
  std::array<char, kKindBytes> out{};
  std::copy(kind.begin(), kind.end(), out.begin());
  return out;
}

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument("the checkpoint " + why);
}

}  // namespace

BlobWriter::BlobWriter(std::string_view kind, std::uint32_t version) : bytes_(kHeaderBytes) {
  std::memcpy(bytes_.data(), padded(kind).data(), kKindBytes);
  std::memcpy(bytes_.data() + kVersionAt, &version, sizeof version);
}

std::vector<std::byte> BlobWriter::finish() {
  const std::uint64_t length = bytes_.size() - kHeaderBytes;
  const std::uint32_t sum = checksum(std::span(bytes_).subspan(kHeaderBytes));
  std::memcpy(bytes_.data() + kLengthAt, &length, sizeof length);
  std::memcpy(bytes_.data() + kChecksumAt, &sum, sizeof sum);
  return std::exchange(bytes_, {});
}

BlobReader::BlobReader(std::span<const std::byte> blob, std::string_view kind, std::uint32_t version) {
  if (blob.size() < kHeaderBytes) refuse("is torn: " + std::to_string(blob.size()) + " bytes");
  if (std::memcmp(blob.data(), padded(kind).data(), kKindBytes) != 0) {
    refuse("is not one of " + std::string(kind));
  }
  const auto found = number_at<std::uint32_t>(blob, kVersionAt);
  if (found != version) {
    refuse("has version " + std::to_string(found) + ", this coppice reads " + std::to_string(version));
  }
  rest_ = blob.subspan(kHeaderBytes);
  const auto length = number_at<std::uint64_t>(blob, kLengthAt);
  if (length != rest_.size()) {
    refuse("is torn: " + std::to_string(rest_.size()) + " of " + std::to_string(length) + " bytes");
  }
  if (number_at<std::uint32_t>(blob, kChecksumAt) != checksum(rest_))
    refuse("is damaged: its checksum is wrong");
}

std::span<const std::byte> BlobReader::take(std::size_t size) {
  if (size > rest_.size()) refuse("is too short for what it says it holds");
  const std::span<const std::byte> out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

void BlobReader::require_count(std::uint64_t found, std::size_t wanted) {
  if (found != wanted)
    refuse("holds " + std::to_string(found) + " numbers where " + std::to_string(wanted) + " belong");
}

void BlobReader::finish() const {
  if (!rest_.empty()) refuse("has " + std::to_string(rest_.size()) + " bytes too many");
}

}  // namespace coppice
