// What is written to a journal is read from it, and it goes on where it ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../wire/member_count.hpp"
#include "../wire/samples.hpp"
#include "journal_fixture.hpp"
#include "wire/bytes.hpp"
#include "wire/json.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

TEST_F(Journal, WhatIsWrittenIsRead) {
  std::vector<JournalRecord> written{
      JournalStart{1, 43, "node-1", 99, "4711", "0.1.0", "trials 200", "/results/checkpoints"}};
  std::uint64_t seq = 0;
  for (const Event& event : samples::events())
    written.push_back(JournalEntry{seq++, 1.5, event, samples::effects()});
  {
    auto writer = create();
    for (const auto& record : written) writer->append(record);
  }
  JournalReader reader(path_);
  ASSERT_FALSE(reader.empty());
  EXPECT_EQ(reader.decision_version(), 3);
  EXPECT_EQ(to_bytes(reader.header()), to_bytes(header_));
  EXPECT_EQ(to_bytes(read_all(reader)), to_bytes(written));
  EXPECT_FALSE(reader.torn());
  EXPECT_EQ(reader.end(), std::filesystem::file_size(path_));
}

TEST_F(Journal, ARecordLargerThanTheReadersWindow) {
  header_.study_text = std::string(5u << 20, 'x');
  write_sample(3);
  JournalReader reader(path_);
  EXPECT_EQ(reader.header().study_text.size(), 5u << 20);
  EXPECT_EQ(read_all(reader).size(), 4u);
}

TEST_F(Journal, GoesOnWhereItEnded) {
  write_sample(2);
  JournalReader first(path_);
  read_all(first);
  {
    auto writer = JournalWriter::append_to(path_, first.end(), kNever_s);
    writer->append(JournalStart{2, 50, "node-2", 7, "", "0.1.0", "", ""});
  }
  JournalReader second(path_);
  const auto records = read_all(second);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(std::get<JournalStart>(records[3]).incarnation, 2);
  EXPECT_THAT(error_of([&] { JournalWriter::append_to(path_, first.end()); }), HasSubstr(path_.string()));
}

TEST_F(Journal, IsNotOverwritten) {
  write_sample(1);
  const std::string before = read_file(path_);
  EXPECT_THAT(error_of([&] { create(); }), HasSubstr("there is a journal already"));
  EXPECT_EQ(read_file(path_), before);
}

TEST_F(Journal, FieldListsHaveEveryMember) {
  EXPECT_EQ(listed_fields<JournalHeader>(), member_count<JournalHeader>());
  EXPECT_EQ(listed_fields<JournalStart>(), member_count<JournalStart>());
  EXPECT_EQ(listed_fields<JournalEntry>(), member_count<JournalEntry>());
}

TEST_F(Journal, ARecordIsReadableAsALineOfJson) {
  EXPECT_EQ(to_json_line(JournalRecord(JournalEntry{3, 0.5, WorkerLost{1, "x"}, {}})),
            R"({"type":"entry","seq":3,"time_s":0.5,"event":{"type":"worker_lost","worker":1,"reason":"x"},)"
            R"("effects":{"accepted":true,"commands":[],"decisions":[]}})");
}

}  // namespace
}  // namespace coppice
