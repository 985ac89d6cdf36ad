#include "worker/repeat_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace coppice {
namespace {

constexpr std::string_view kMagic = "CPREPEAT";
constexpr std::size_t kNumberBytes = 8;

std::size_t header_bytes(std::size_t count) {
  return kMagic.size() + kNumberBytes * (count + 1);
}

void write_number(std::span<std::byte> to, std::uint64_t number) {
  for (std::size_t i = 0; i < kNumberBytes; ++i) to[i] = static_cast<std::byte>(number >> (8 * i));
}

std::uint64_t read_number(std::span<const std::byte> from) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kNumberBytes; ++i) number |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
  return number;
}

}  // namespace

Blob join_states(std::span<const Blob> states) {
  std::size_t size = header_bytes(states.size());
  for (const Blob& state : states) size += state.size();
  BlobBuilder builder(size);
  std::span<std::byte> rest = builder.bytes();
  const auto magic = std::as_bytes(std::span(kMagic));
  std::copy(magic.begin(), magic.end(), rest.begin());
  rest = rest.subspan(magic.size());
  const auto put = [&](std::uint64_t number) {
    write_number(rest, number);
    rest = rest.subspan(kNumberBytes);
  };
  put(states.size());
  for (const Blob& state : states) put(state.size());
  for (const Blob& state : states) {
    std::copy(state.bytes().begin(), state.bytes().end(), rest.begin());
    rest = rest.subspan(state.size());
  }
  return std::move(builder).finish();
}

std::vector<std::span<const std::byte>> split_states(std::span<const std::byte> joined, std::size_t count) {
  const auto magic = std::as_bytes(std::span(kMagic));
  if (joined.size() < header_bytes(0) || !std::equal(magic.begin(), magic.end(), joined.begin())) {
    throw std::runtime_error("the checkpoint is not one of repeats");
  }
  const std::uint64_t found = read_number(joined.subspan(magic.size()));
  if (found != count) {
    throw std::runtime_error(fmt::format("the checkpoint holds {} repeats, not {}", found, count));
  }
  if (joined.size() < header_bytes(count)) throw std::runtime_error("the checkpoint of repeats is cut");
  std::span<const std::byte> rest = joined.subspan(header_bytes(count));
  std::vector<std::span<const std::byte>> states;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t size = read_number(joined.subspan(header_bytes(i)));
    if (size > rest.size()) throw std::runtime_error("the checkpoint of repeats is cut");
    states.push_back(rest.first(static_cast<std::size_t>(size)));
    rest = rest.subspan(static_cast<std::size_t>(size));
  }
  if (!rest.empty()) throw std::runtime_error("the checkpoint of repeats has bytes that belong to none");
  return states;
}

}  // namespace coppice
