// What ranks tell each other, and the parts of a record: any bytes are one whole value or none.
#include "fuzz.hpp"
#include "journal/record.hpp"
#include "wire/bytes.hpp"
#include "wire/json.hpp"
#include "wire/messages.hpp"

namespace coppice {
namespace {

template <class T>
void try_one(std::span<const std::byte> bytes) {
  const auto value = from_bytes<T>(bytes);
  if (!value) return;
  const auto again = to_bytes(*value);
  fuzz::require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()),
                "a value has one representation");
  to_json_line(*value);
}

template <class... T>
void try_nth(std::size_t n, std::span<const std::byte> bytes) {
  std::size_t i = 0;
  ((i++ == n ? try_one<T>(bytes) : void()), ...);
}

}  // namespace
}  // namespace coppice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coppice;
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  try_nth<Hello, Welcome, Told, Goodbye, RunSegment, StopSegment, DropCheckpoint, Shutdown, Pull, Chunk,
          JournalRecord, Event, Effects>(data[0] % 13, bytes);
  return 0;
}
