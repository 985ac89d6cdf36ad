// The journal's reader: any file gives true records, a torn tail or a JournalError.
#include "../journal/memory_file.hpp"
#include "fuzz.hpp"
#include "journal/format.hpp"
#include "journal/reader.hpp"
#include "wire/bytes.hpp"
#include "wire/json.hpp"

namespace coppice {
namespace {

using fuzz::require;

/// Bytes as they come would hardly ever pass a checksum. These become the payloads of whole records: two
/// bytes of length, then so many.
std::vector<std::byte> framed(std::span<const std::byte> left) {
  auto file = journal_format::encode_file_header(1);
  const auto first = journal_format::encode(JournalHeader{}, file.size());
  file.insert(file.end(), first.begin(), first.end());
  const auto u32 = [&file](std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) file.push_back(static_cast<std::byte>(value >> shift));
  };
  while (left.size() > 2) {
    const std::size_t wanted =
        std::to_integer<std::size_t>(left[0]) + 256 * std::to_integer<std::size_t>(left[1]);
    std::vector<std::byte> checked(4);  // nothing before it was in danger
    const auto payload = left.subspan(2, std::min(wanted, left.size() - 2));
    checked.insert(checked.end(), payload.begin(), payload.end());
    for (const unsigned char c : journal_format::kMarker) file.push_back(static_cast<std::byte>(c));
    u32(static_cast<std::uint32_t>(payload.size()));
    u32(journal_format::crc32_of(checked));
    file.insert(file.end(), checked.begin(), checked.end());
    left = left.subspan(2 + payload.size());
  }
  return file;
}

void read(std::span<const std::byte> bytes) {
  static MemoryFile file;
  file.fill(bytes);
  try {
    JournalReader reader(file.path());
    std::uint64_t end = reader.end();
    while (const auto record = reader.next()) {
      require(reader.offset() == end && reader.end() > end && reader.end() <= bytes.size(),
              "records follow each other");
      end = reader.end();
      const auto payload =
          bytes.subspan(reader.offset(), end - reader.offset()).subspan(journal_format::kRecordHeaderBytes);
      const auto again = to_bytes(*record);
      require(std::equal(again.begin(), again.end(), payload.begin(), payload.end()),
              "a value has one representation");
      to_json_line(*record);
    }
    require(reader.end() + (reader.torn() ? reader.torn()->size_bytes : 0) == bytes.size(),
            "nothing is left over");
  } catch (const JournalError&) {
  }
}

}  // namespace
}  // namespace coppice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (bytes.empty()) return 0;
  if (bytes.front() == std::byte{'R'}) {
    coppice::read(coppice::framed(bytes.subspan(1)));
  } else {
    coppice::read(bytes);
  }
  return 0;
}
