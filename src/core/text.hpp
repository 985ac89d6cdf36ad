/// Text from outside (a program's last words, an error, a metric's name) as people may be shown it.
/// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice {

/// Valid UTF-8 of at most `max_bytes`. What is no UTF-8 becomes U+FFFD, and so do control characters but for
/// the tab and the end of a line: a terminal obeys them, and a NUL ends a text in HDF5. What is too long ends
/// in "…".
std::string clean_text(std::string_view text, std::size_t max_bytes);

/// 8100000000 is "8.1 GB": decimal units, one digit after the point at most.
std::string size_text(std::int64_t bytes);

}  // namespace coppice
