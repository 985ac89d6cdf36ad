/// How a record lies in the journal: shared by the writer and the reader, described in README.md.
/// Stateless; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "journal/record.hpp"

namespace coppice::journal_format {

inline constexpr std::uint32_t kFormatVersion = 2;
/// As PNG's: a transfer that loses the eighth bit or translates line ends breaks it.
inline constexpr std::array<unsigned char, 8> kMagic{0x89, 'C', 'P', 'J', '\r', '\n', 0x1a, '\n'};
inline constexpr std::array<unsigned char, 4> kMarker{0xc0, 0x99, 0x1c, 0xed};
inline constexpr std::size_t kFileHeaderBytes =
    20;  ///< magic, format version, decision version, CRC of these
inline constexpr std::size_t kRecordHeaderBytes = 16;  ///< marker, length, CRC, bytes not durable
inline constexpr std::uint32_t kMaxPayloadBytes = std::uint32_t{1} << 30;

std::uint32_t crc32_of(std::span<const std::byte> bytes);
std::uint32_t read_u32(std::span<const std::byte> bytes, std::size_t at);

std::vector<std::byte> encode_file_header(std::int32_t decision_version);
/// A whole record. `not_durable`: how many bytes before it could still be lost with the node. Throws
/// JournalError if it is larger than kMaxPayloadBytes.
std::vector<std::byte> encode(const JournalRecord& record, std::uint64_t not_durable);

}  // namespace coppice::journal_format
