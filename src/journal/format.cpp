#include "journal/format.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "wire/bytes.hpp"
#include "wire/fields.hpp"

namespace coppice::journal_format {

namespace {

constexpr std::uint64_t kMostNotDurable = std::numeric_limits<std::uint32_t>::max();

void append_u32(std::vector<std::byte>& bytes, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(value >> shift));
}

template <std::size_t N>
void append(std::vector<std::byte>& bytes, const std::array<unsigned char, N>& text) {
  for (const unsigned char c : text) bytes.push_back(static_cast<std::byte>(c));
}

}  // namespace

std::uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint32_t read_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

std::vector<std::byte> encode_file_header(std::int32_t decision_version) {
  std::vector<std::byte> bytes;
  append(bytes, kMagic);
  append_u32(bytes, kFormatVersion);
  append_u32(bytes, static_cast<std::uint32_t>(decision_version));
  append_u32(bytes, crc32_of(bytes));
  return bytes;
}

std::vector<std::byte> encode(const JournalRecord& record, std::uint64_t not_durable) {
  const auto payload = to_bytes(record);
  if (payload.size() > kMaxPayloadBytes) {
    throw JournalError(fmt::format("a journal record of {} bytes is too large: the limit is {} bytes",
                                   payload.size(), kMaxPayloadBytes));
  }
  std::vector<std::byte> bytes;
  bytes.reserve(kRecordHeaderBytes + payload.size());
  append(bytes, kMarker);
  append_u32(bytes, static_cast<std::uint32_t>(payload.size()));
  std::vector<std::byte> checked;
  checked.reserve(4 + payload.size());
  append_u32(checked, static_cast<std::uint32_t>(std::min(not_durable, kMostNotDurable)));
  checked.insert(checked.end(), payload.begin(), payload.end());
  append_u32(bytes, crc32_of(checked));
  bytes.insert(bytes.end(), checked.begin(), checked.end());
  return bytes;
}

}  // namespace coppice::journal_format
