/// Text as study.h5 takes it.
/// Stateless; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice {

/// Valid UTF-8 without NUL, of at most `max_bytes`: what is neither becomes U+FFFD, what is too long ends in
/// "…".
std::string clean_text(std::string_view text, std::size_t max_bytes);

}  // namespace coppice
