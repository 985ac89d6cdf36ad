#include "core/text.hpp"

#include <algorithm>
#include <array>

namespace coppice {

namespace {

/// Length of the well-formed UTF-8 sequence that the text begins with (RFC 3629); 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const auto at = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f))
    return 0;  // too long a form; surrogates
  if ((first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f)) return 0;
  return length;
}

/// C0, DEL and C1, but for what ordinary text has.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (character.size() == 2) return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
  return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f;
}

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

}  // namespace

std::string clean_text(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  std::size_t cut = 0;  // where the text can end and leave room for the ellipsis
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    clean += length == 0 || is_control(character) ? kReplacement : character;
    text.remove_prefix(character.size());
    if (clean.size() > max_bytes) {
      clean.resize(cut);
      return max_bytes < kEllipsis.size() ? clean : clean.append(kEllipsis);
    }
    if (clean.size() + kEllipsis.size() <= max_bytes) cut = clean.size();
  }
  return clean;
}

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kStep = 1000;
  constexpr std::array<std::string_view, 6> kUnits = {" bytes", " kB", " MB", " GB", " TB", " PB"};
  std::size_t unit = 0;
  std::int64_t divisor = 1;
  while (unit + 1 < kUnits.size() && bytes / divisor >= kStep) {
    divisor *= kStep;
    ++unit;
  }
  const std::int64_t tenths = unit == 0 ? bytes * 10 : (bytes + divisor / 20) / (divisor / 10);
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + std::string(kUnits[unit]);
}

}  // namespace coppice
