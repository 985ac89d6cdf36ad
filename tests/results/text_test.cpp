#include "core/text.hpp"

#include <gtest/gtest.h>

namespace coppice {
namespace {

constexpr const char* kBad = "\xef\xbf\xbd";

TEST(CleanText, KeepsWhatIsWellFormed) {
  for (const char* text : {"", "a", "größe", "→", "😀", "two\n\tlines", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(clean_text(text, 100), text);
}

TEST(CleanText, ReplacesWhatIsNot) {
  EXPECT_EQ(clean_text(std::string("a\0b", 3), 100), std::string("a") + kBad + "b");
  // What a terminal obeys, of one byte and of two.
  EXPECT_EQ(clean_text("\x1b[2J\r\x7f\xc2\x9b", 100), std::string(kBad) + "[2J" + kBad + kBad + kBad);
  EXPECT_EQ(clean_text("\xff", 100), kBad);
  EXPECT_EQ(clean_text("\xc3", 100), kBad);                                     // torn
  EXPECT_EQ(clean_text("\xc0\x80", 100), std::string(kBad) + kBad);             // a NUL in disguise
  EXPECT_EQ(clean_text("\xed\xa0\x80", 100), std::string(kBad) + kBad + kBad);  // a surrogate
  EXPECT_EQ(clean_text("\xf4\x90\x80\x80", 100), std::string(kBad) + kBad + kBad + kBad);  // beyond Unicode
}

TEST(CleanText, CutsBetweenCharacters) {
  EXPECT_EQ(clean_text("abcdef", 6), "abcdef");
  EXPECT_EQ(clean_text("abcdefg", 6), "abc…");
  EXPECT_EQ(clean_text("äääääää", 8), "ää…");
  EXPECT_EQ(clean_text("abc", 2), "");
}

TEST(SizeText, HasOneDigitAfterThePointAtMost) {
  EXPECT_EQ(size_text(0), "0 bytes");
  EXPECT_EQ(size_text(999), "999 bytes");
  EXPECT_EQ(size_text(1000), "1 kB");
  EXPECT_EQ(size_text(1049), "1 kB");
  EXPECT_EQ(size_text(1050), "1.1 kB");
  EXPECT_EQ(size_text(8'100'000'000), "8.1 GB");
  EXPECT_EQ(size_text(std::int64_t{8} << 30), "8.6 GB");
}

}  // namespace
}  // namespace coppice
