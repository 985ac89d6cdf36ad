// A checkpoint file and the owner file: any bytes are what was written, or an error.
#include <filesystem>
#include <fstream>

#include "../journal/temporary_directory.hpp"
#include "fuzz.hpp"
#include "journal/format.hpp"
#include "journal/owner.hpp"
#include "wire/checkpoint_name.hpp"
#include "worker/checkpoint_file.hpp"

namespace coppice {
namespace {

const std::filesystem::path& directory() {
  static const TemporaryDirectory temporary;
  return temporary.path();
}

void write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void read_checkpoint(std::span<const std::byte> bytes) {
  const CheckpointId id{1, 2, 3};
  write(directory() / checkpoint_file_name(id), bytes);
  const CheckpointRead read = read_checkpoint_file(directory(), id);
  if (!read.error.empty()) return;
  constexpr std::size_t kHeaderBytes = 24;
  fuzz::require(bytes.size() == kHeaderBytes + read.blob.size(), "a file without an error is whole");
  fuzz::require(journal_format::read_u32(bytes, 12) == journal_format::crc32_of(bytes.subspan(kHeaderBytes)),
                "its checksum holds");
}

void read_the_owner(std::span<const std::byte> bytes) {
  write(directory() / "owner", bytes);
  read_owner(directory());
}

}  // namespace
}  // namespace coppice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] == 'O') {
    coppice::read_the_owner(bytes);
  } else {
    coppice::read_checkpoint(bytes);
  }
  return 0;
}
