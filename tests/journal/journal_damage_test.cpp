// Torn, flipped, lost and misplaced bytes: what is cut off, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>

#include "journal_fixture.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

TEST_F(Journal, TornAtEveryByteOfTheLastRecord) {
  const auto offsets = write_sample(3);
  const std::string whole = read_file(path_);
  const auto last = offsets[offsets.size() - 2];
  for (auto size = last + 1; size < offsets.back(); ++size) {
    write_file(path_, whole.substr(0, size));
    JournalReader reader(path_);
    ASSERT_EQ(read_all(reader).size(), 3u) << size;
    ASSERT_TRUE(reader.torn()) << size;
    ASSERT_EQ(reader.torn()->offset, last);
    ASSERT_EQ(reader.torn()->size_bytes, size - last);
    ASSERT_EQ(reader.end(), last);
  }
  cut_journal(path_, last);
  JournalWriter::append_to(path_, last)->append(JournalEntry{2, 9, WorkerLost{}, {}});
  JournalReader reader(path_);
  const auto records = read_all(reader);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(std::get<JournalEntry>(records[3]).time_s, 9);
  EXPECT_FALSE(reader.torn());
}

TEST_F(Journal, AFlippedBitInTheLastRecordIsATornTail) {
  const auto offsets = write_sample(3);
  const std::string whole = read_file(path_);
  const auto last = offsets[offsets.size() - 2];
  for (auto at = last; at < whole.size(); ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    write_file(path_, bad);
    JournalReader reader(path_);
    ASSERT_EQ(read_all(reader).size(), 3u) << at;
    ASSERT_TRUE(reader.torn()) << at;
    ASSERT_EQ(reader.torn()->offset, last) << at;
  }
}

TEST_F(Journal, AFlippedBitInTheMiddleIsRefusedWithItsOffset) {
  const auto offsets = write_sample(4);
  const std::string whole = read_file(path_);
  const auto bad_record = offsets[3];
  for (auto at = bad_record; at < offsets[4]; ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    write_file(path_, bad);
    JournalReader reader(path_);
    const std::string error = error_of([&] { read_all(reader); });
    ASSERT_THAT(error, HasSubstr("at byte " + std::to_string(bad_record) + ",")) << at;
    ASSERT_THAT(error, HasSubstr("follows at byte " + std::to_string(offsets[4]))) << at;
    ASSERT_THAT(error, HasSubstr(path_.string()));
  }
}

// A disk may have got later pages and not the earlier ones when its node died.
TEST_F(Journal, AHoleInWhatWasNotDurableIsCutWithAllThatFollows) {
  const auto offsets = write_sample(5, false);
  const std::string whole = read_file(path_);
  for (std::size_t bad = 2; bad < 6; ++bad) {
    std::string hole = whole;
    const auto size = offsets[bad + 1] - offsets[bad];
    hole.replace(offsets[bad], size, size, '\0');
    write_file(path_, hole);
    JournalReader reader(path_);
    ASSERT_EQ(read_all(reader).size(), bad - 1);
    ASSERT_TRUE(reader.torn());
    EXPECT_EQ(reader.torn()->offset, offsets[bad]);
    EXPECT_EQ(reader.torn()->size_bytes, whole.size() - offsets[bad]);
    EXPECT_EQ(reader.torn()->whole_records, static_cast<std::int64_t>(5 - bad) + 1);
    EXPECT_THAT(to_text(*reader.torn()), HasSubstr("at byte " + std::to_string(offsets[bad])));
  }
}

TEST_F(Journal, WhatWasThereBeforeAResumeIsDurableAfterIt) {
  auto offsets = write_sample(2, false);
  JournalWriter::append_to(path_, offsets.back(), kNever_s)->append(JournalEntry{2, 1, WorkerLost{}, {}});
  std::string bad = read_file(path_);
  bad[offsets[3]] ^= 1;
  write_file(path_, bad);
  JournalReader reader(path_);
  EXPECT_THAT(error_of([&] { read_all(reader); }), HasSubstr("it was durable"));
}

TEST_F(Journal, DamageBeforeTheFirstEntryIsRefusedToo) {
  const auto offsets = write_sample(1);
  const std::string whole = read_file(path_);
  for (std::size_t at = 8; at < offsets[1]; ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file(path_, bad);
    ASSERT_THAT(error_of([&] { JournalReader reader(path_); }),
                HasSubstr("the good record that follows at byte"))
        << at;
  }
}

TEST_F(Journal, AFileThatTornBeforeItsHeaderIsNoJournalYet) {
  const auto offsets = write_sample(0);
  const std::string whole = read_file(path_);
  for (std::size_t size = 0; size < offsets[1]; ++size) {
    write_file(path_, whole.substr(0, size));
    ASSERT_TRUE(JournalReader(path_).empty()) << size;
  }
  write_file(path_, std::string(500, '\0'));  // as a node's death may leave it
  ASSERT_TRUE(JournalReader(path_).empty());
  create();
  EXPECT_FALSE(JournalReader(path_).empty());
}

TEST_F(Journal, WhatItCantReadIsNamed) {
  write_file(path_, "time,loss\n1,0.5\n");
  EXPECT_THAT(error_of([&] { JournalReader reader(path_); }), HasSubstr("not a journal of coppice"));
  EXPECT_THAT(error_of([&] { create(); }), HasSubstr("not a journal of coppice"));
  EXPECT_THAT(error_of([&] { JournalReader reader(directory_.path() / "none"); }), HasSubstr("No such file"));

  auto bytes = journal_format::encode_file_header(3);
  bytes[8] = std::byte{9};
  const auto crc = journal_format::crc32_of(std::span(bytes).first(16));
  for (std::size_t i = 0; i < 4; ++i) bytes[16 + i] = static_cast<std::byte>(crc >> (8 * i));
  write_file(path_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_THAT(error_of([&] { JournalReader reader(path_); }), HasSubstr("format 9"));

  bytes[8] = std::byte{0};
  const auto old_crc = journal_format::crc32_of(std::span(bytes).first(16));
  for (std::size_t i = 0; i < 4; ++i) bytes[16 + i] = static_cast<std::byte>(old_crc >> (8 * i));
  write_file(path_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_THAT(error_of([&] { JournalReader reader(path_); }), HasSubstr("use the one that wrote it"));
}

TEST_F(Journal, RecordsThatDoNotFollowEachOtherAreRefused) {
  const auto offsets = write_sample(4);
  const std::string whole = read_file(path_);
  const auto record = [&](std::size_t i) { return whole.substr(offsets[i], offsets[i + 1] - offsets[i]); };
  const auto error_with = [&](const std::string& text) {
    write_file(path_, text);
    JournalReader reader(path_);
    return error_of([&] { read_all(reader); });
  };
  const std::string before = whole.substr(0, offsets[2]);
  EXPECT_THAT(error_with(before + record(3) + record(2) + record(4)),
              HasSubstr("is entry 1, where 0 is due"));
  EXPECT_THAT(error_with(before + record(2) + record(2)), HasSubstr("is entry 0, where 1 is due"));
  EXPECT_THAT(error_with(before + record(2) + record(4)), HasSubstr("is entry 2, where 1 is due"));
  EXPECT_THAT(error_with(before + record(0)), HasSubstr("is a second header"));
}

TEST_F(Journal, StartsThatGoBackAreRefused) {
  auto writer = create();
  writer->append(JournalStart{2, 43, "node-1", 99, "", "0.1.0", "", ""});
  writer->append(
      JournalStart{2, 44, "node-1", 99, "", "0.1.0", "", ""});  // the one before died before it began
  const auto offset = writer->size_bytes();
  writer->append(JournalStart{1, 45, "node-1", 99, "", "0.1.0", "", ""});
  JournalReader reader(path_);
  EXPECT_THAT(error_of([&] { read_all(reader); }),
              HasSubstr("at byte " + std::to_string(offset) + " is start 1, after start 2"));
}

}  // namespace
}  // namespace coppice
