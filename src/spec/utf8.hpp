/// Text checks. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace coppice {

/// Offset of the first byte that is not part of a valid UTF-8 sequence (RFC 3629), if any.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// Characters, not bytes. Precondition: valid UTF-8.
std::size_t count_characters(std::string_view text);

}  // namespace coppice
