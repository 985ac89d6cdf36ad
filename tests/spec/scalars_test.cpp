#include "spec/scalars.hpp"

#include <gtest/gtest.h>

#include "spec/utf8.hpp"

namespace coppice {
namespace {

TEST(Scalars, Durations) {
  EXPECT_EQ(parse_duration("90"), 90);
  EXPECT_EQ(parse_duration("0.5"), 0.5);
  EXPECT_EQ(parse_duration("90s"), 90);
  EXPECT_EQ(parse_duration("45m"), 2700);
  EXPECT_EQ(parse_duration("2h"), 7200);
  EXPECT_EQ(parse_duration("1h30m"), 5400);
  EXPECT_EQ(parse_duration("1.5h"), 5400);
  EXPECT_EQ(parse_duration("1d2h3m4s"), 93784);
  EXPECT_EQ(parse_duration("01:30:00"), 5400);
  EXPECT_EQ(parse_duration("100:00:00"), 360000);
  EXPECT_EQ(parse_duration("1-02:03:04"), 93784);
  EXPECT_EQ(parse_duration("1-02"), 93600);
  EXPECT_EQ(parse_duration("1-02:30"), 95400);
  for (const char* wrong :
       {"", "h", "2 h", "2h 30m", "30m2h", "1h1h", "10:30", "1:2:3:4", "1-24:00:00", "00:60:00", "1:00:60",
        "-5s", "1e3h", "2hours", "1..5h", ":", "1-", "nan", "inf"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(Scalars, Sizes) {
  EXPECT_EQ(parse_bytes("8GB"), 8e9);
  EXPECT_EQ(parse_bytes("8 GB"), 8e9);
  EXPECT_EQ(parse_bytes("8GiB"), 8589934592.0);
  EXPECT_EQ(parse_bytes("8G"), 8589934592.0) << "as Slurm counts";
  EXPECT_EQ(parse_bytes("512MB"), 512e6);
  EXPECT_EQ(parse_bytes("512m"), 512.0 * 1024 * 1024);
  EXPECT_EQ(parse_bytes("1.5TB"), 1.5e12);
  EXPECT_EQ(parse_bytes("2kB"), 2000);
  EXPECT_EQ(parse_bytes("2KiB"), 2048);
  EXPECT_EQ(parse_bytes("4096B"), 4096);
  for (const char* wrong : {"", "8", "GB", "8GBs", "8Gi B", "8XB", "8iB", "1e3x", "-", "8 G B", "nanGB"}) {
    EXPECT_EQ(parse_bytes(wrong), std::nullopt) << wrong;
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("aé€😀"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("a\xff"), 1u);
  EXPECT_EQ(find_invalid_utf8("\xc0\xaf"), 0u);          // overlong
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0u);      // a surrogate
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(find_invalid_utf8("ab\xe2\x82"), 2u);        // torn
  EXPECT_EQ(count_characters("aé€😀"), 4u);
}

}  // namespace
}  // namespace coppice
