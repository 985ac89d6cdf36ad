#include "wire/checkpoint_name.hpp"

#include <charconv>
#include <cstdint>
#include <string_view>

namespace coppice {

std::string checkpoint_file_name(const CheckpointId& id) {
  return "t" + std::to_string(id.trial) + "-s" + std::to_string(id.step) + "-" +
         std::to_string(id.segment >> 32) + "." + std::to_string(id.segment & 0xffffffff) + ".ckpt";
}

std::optional<CheckpointId> parse_checkpoint_file_name(const std::string& name) {
  CheckpointId id;
  std::int64_t incarnation = 0;
  std::int64_t count = 0;
  const char* at = name.data();
  const char* end = at + name.size();
  const auto word = [&](std::string_view text) {
    if (!std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(text)) return false;
    at += text.size();
    return true;
  };
  const auto number = [&](std::int64_t& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    at = next;
    return error == std::errc{};
  };
  if (!(word("t") && number(id.trial) && word("-s") && number(id.step) && word("-") && number(incarnation) &&
        word(".") && number(count) && word(".ckpt") && at == end)) {
    return std::nullopt;
  }
  id.segment = make_segment(static_cast<std::int32_t>(incarnation), static_cast<std::int32_t>(count));
  return id;
}

}  // namespace coppice
