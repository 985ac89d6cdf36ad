#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "../wire/member_count.hpp"
#include "../wire/samples.hpp"
#include "journal/format.hpp"
#include "journal/reader.hpp"
#include "journal/writer.hpp"
#include "temporary_directory.hpp"
#include "wire/bytes.hpp"
#include "wire/json.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

constexpr double kNever_s = 3600;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const JournalError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<JournalRecord> read_all(JournalReader& reader) {
  std::vector<JournalRecord> records;
  while (auto record = reader.next()) records.push_back(std::move(*record));
  return records;
}

class Journal : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "study.journal";
  JournalHeader header_ = header();

  static JournalHeader header() {
    JournalHeader header;
    header.name = "digits";
    header.seed = std::numeric_limits<std::uint64_t>::max();
    header.study_text = "name: digits\n";
    header.identity = {{"objective.metric", "loss"}, {"seed", "7"}};
    header.version = "0.1.0";
    header.created_unix_s = 42;
    return header;
  }

  std::unique_ptr<JournalWriter> create() { return JournalWriter::create(path_, 3, header_, kNever_s); }

  /// A journal of header, start and `entries` entries, each of them durable before the next unless said
  /// otherwise. Returns where each record begins, and the end.
  std::vector<std::uint64_t> write_sample(std::uint64_t entries, bool durable = true) {
    auto writer = create();
    std::vector<std::uint64_t> offsets{journal_format::kFileHeaderBytes, writer->size_bytes()};
    writer->append(JournalStart{1, 43, "node-1", 99, "4711", "0.1.0", "trials 200", "/results/checkpoints"});
    for (std::uint64_t seq = 0; seq < entries; ++seq) {
      offsets.push_back(writer->size_bytes());
      if (durable) writer->sync();
      writer->append(
          JournalEntry{seq, 0.5 * static_cast<double>(seq), Reported{1, 2, 3, 4, {{"loss", 0.5}}}, {}});
    }
    offsets.push_back(writer->size_bytes());
    return offsets;
  }
};

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

TEST_F(Journal, WhatWasThereBeforeAResumeIsDurableAfterIt) {
  auto offsets = write_sample(2, false);
  JournalWriter::append_to(path_, offsets.back(), kNever_s)->append(JournalEntry{2, 1, WorkerLost{}, {}});
  std::string bad = read_file(path_);
  bad[offsets[3]] ^= 1;
  write_file(path_, bad);
  JournalReader reader(path_);
  EXPECT_THAT(error_of([&] { read_all(reader); }), HasSubstr("it was durable"));
}

TEST_F(Journal, CostsAreCounted) {
  auto writer = create();
  EXPECT_EQ(writer->costs().appends, 0) << "the header is no cost of going on";
  const auto before = writer->size_bytes();
  const auto commits = writer->costs().commits;
  for (std::uint64_t seq = 0; seq < 3; ++seq) writer->append(JournalEntry{seq, 0, WorkerLost{}, {}});
  writer->sync();
  writer->sync();
  const RecordCosts costs = writer->costs();
  EXPECT_EQ(costs.appends, 3);
  EXPECT_EQ(costs.journal_bytes, static_cast<std::int64_t>(writer->size_bytes() - before));
  EXPECT_EQ(costs.commits, commits + 1);
  EXPECT_GE(costs.commit_s, costs.commit_max_s * (1 - 1e-6));
  EXPECT_LE(costs.commit_p99_s, costs.commit_max_s);
  EXPECT_GT(costs.append_s, 0);
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

TEST_F(Journal, AFullDiskLosesOnlyTheRecordThatDidNotFit) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &before);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);

  auto writer = create();
  writer->append(JournalEntry{0, 0, WorkerLost{1, "a"}, {}});
  const auto good = writer->size_bytes();
  const rlimit tight{good + 30, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const JournalEntry large{1, 1, WorkerLost{2, std::string(1000, 'b')}, {}};
  const std::string error = error_of([&] { writer->append(large); });
  const auto size = std::filesystem::file_size(path_);
  ::setrlimit(RLIMIT_FSIZE, &old);
  ::sigaction(SIGXFSZ, &before, nullptr);

  EXPECT_THAT(error, HasSubstr(path_.string()));
  EXPECT_THAT(error, HasSubstr("only 30 of 10"));
  EXPECT_THAT(error, HasSubstr("File too large"));
  EXPECT_EQ(size, good);
  writer->append(large);  // there is room again
  JournalReader reader(path_);
  EXPECT_EQ(read_all(reader).size(), 2u);
  EXPECT_FALSE(reader.torn());
}

TEST_F(Journal, TwoWritersNoticeEachOther) {
  auto first = create();
  auto second = JournalWriter::append_to(path_, first->size_bytes(), kNever_s);
  first->append(JournalEntry{0, 0, WorkerLost{}, {}});
  EXPECT_THAT(error_of([&] { second->append(JournalEntry{}); }), HasSubstr("another process writes to it"));
  JournalReader reader(path_);
  EXPECT_EQ(read_all(reader).size(), 1u);
}

TEST_F(Journal, SyncMakesItClean) {
  auto writer = create();
  EXPECT_FALSE(writer->dirty());
  for (int i = 0; i < 3; ++i) writer->append(JournalEntry{});
  writer->sync();
  EXPECT_FALSE(writer->dirty());
}

TEST_F(Journal, RecordsBecomeDurableByThemselves) {
  auto writer = JournalWriter::create(path_, 3, header_, 0.01);
  for (int round = 0; round < 3; ++round) {
    writer->append(JournalEntry{});
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (writer->dirty() && std::chrono::steady_clock::now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_FALSE(writer->dirty());
  }
}

TEST_F(Journal, AfterAFailedSyncNothingMoreIsAccepted) {
  auto writer = create();
  int journal = -1;
  for (int descriptor = 3; descriptor < 100; ++descriptor) {
    std::error_code missing;
    if (std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), missing) == path_) {
      journal = descriptor;
    }
  }
  ASSERT_GE(journal, 0);
  writer->append(JournalEntry{});
  const int keep = ::dup(journal);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ::dup2(pipe[1], journal);  // can't be synced
  EXPECT_THAT(error_of([&] { writer->sync(); }), HasSubstr("can't be made durable: Invalid argument"));
  ::dup2(keep, journal);
  EXPECT_THAT(error_of([&] { writer->append(JournalEntry{}); }), HasSubstr("can't be made durable"));
  EXPECT_TRUE(writer->dirty());
  for (const int descriptor : {keep, pipe[0], pipe[1]}) ::close(descriptor);
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
