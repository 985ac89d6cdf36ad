// A journal that is cut or damaged anywhere: the reader gives the records up to there, or refuses it with the
// offset. Never another record, never a crash. (Under the sanitizers
// at one byte of three.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <optional>

#include "../journal/memory_file.hpp"
#include "../journal/temporary_directory.hpp"
#include "../support/effort.hpp"
#include "cli/past.hpp"
#include "coppice/rng.hpp"
#include "small_journal.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

/// What came of reading a journal.
struct Outcome {
  std::size_t records = 0;
  std::optional<TornTail> torn;
  std::string refusal;
};

class Torn : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TemporaryDirectory directory;
    journal_ = make_small_journal(directory.path() / "study.journal");
  }

  /// Reads it whole; fails where a record is not the true one of its place.
  Outcome read(const std::string& bytes) {
    file_.fill(std::as_bytes(std::span(bytes)));
    Outcome outcome;
    try {
      JournalReader reader(file_.path());
      if (!reader.empty()) {
        expect_true(JournalRecord(reader.header()), outcome.records++);
        while (const auto record = reader.next()) expect_true(*record, outcome.records++);
      }
      outcome.torn = reader.torn();
      EXPECT_EQ(reader.end() + (outcome.torn ? outcome.torn->size_bytes : 0), bytes.size());
    } catch (const JournalError& error) {
      outcome.refusal = error.what();
      ++refused_;
      return outcome;
    }
    outcome.torn ? ++cut_ : ++whole_;
    recovered_.try_emplace(outcome.records, bytes);
    return outcome;
  }

  void expect_true(const JournalRecord& record, std::size_t place) {
    ASSERT_LT(place, journal_.size()) << "a record that was never written";
    ASSERT_EQ(to_bytes(record), journal_.records[place]) << "record " << place;
  }

  /// The bytes from `begin` to `end` are bad: what must come of it.
  void expect_damage(const Outcome& outcome, std::uint64_t begin, std::uint64_t end) {
    const std::size_t bad = journal_.record_at(begin);
    const std::uint64_t offset = begin < 20 ? 0 : journal_.offsets[bad];
    const std::size_t next = journal_.record_at(end - 1) + 1;  // the first that is whole behind them
    bool convicted = false;
    for (std::size_t i = next; i < journal_.size(); ++i) convicted |= journal_.durable[i] > offset;
    if (convicted) {
      ASSERT_THAT(outcome.refusal, HasSubstr("at byte " + std::to_string(offset) + ","));
      return;
    }
    ASSERT_EQ(outcome.refusal, "");
    ASSERT_EQ(outcome.records, begin < 20 ? 0 : bad);
    ASSERT_TRUE(outcome.torn);
    ASSERT_EQ(outcome.torn->offset, offset);
    ASSERT_EQ(outcome.torn->whole_records, static_cast<std::int64_t>(journal_.size() - next));
  }

  void TearDown() override {
    // The decisions again, for every number of records that was recovered: a journal is what it says.
    for (const auto& [records, bytes] : recovered_) {
      if (records == 0) continue;
      write_whole(path_, bytes);
      const Past past = read_past(directory_.path());
      std::int64_t entries = 0;
      for (std::size_t i = 0; i < records; ++i)
        entries += journal_.records[i].front() == std::byte{2} ? 1 : 0;
      ASSERT_EQ(past.history.entries, entries);
    }
    std::printf(
        "%zu bytes, %zu records: %d whole, %d cut at the last good record, %d refused with the offset\n",
        journal_.bytes.size(), journal_.size(), whole_, cut_, refused_);
  }

  static SmallJournal journal_;
  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "study.journal";
  MemoryFile file_;
  std::map<std::size_t, std::string> recovered_;  ///< by the number of records: one journal that gave so many
  int whole_ = 0;
  int cut_ = 0;
  int refused_ = 0;
};

SmallJournal Torn::journal_;

TEST_F(Torn, TheJournalHasEveryKindOfRecord) {
  std::map<std::byte, int> kinds;
  for (const auto& bytes : journal_.records) ++kinds[bytes.front()];
  EXPECT_EQ(kinds.size(), std::variant_size_v<JournalRecord>);
  EXPECT_EQ(read(journal_.bytes).records, journal_.size());
}

TEST_F(Torn, CutAtEveryByte) {
  for (std::uint64_t size = 0; size < journal_.bytes.size(); size += kOneOf) {
    SCOPED_TRACE(size);
    const Outcome outcome = read(journal_.bytes.substr(0, size));
    ASSERT_EQ(outcome.refusal, "");
    const std::size_t last = journal_.record_at(size);
    const std::size_t good = size < 20 ? 0 : last;
    ASSERT_EQ(outcome.records, good);
    const std::uint64_t end = size < 20 ? 0 : journal_.offsets[last];
    ASSERT_EQ(outcome.torn ? outcome.torn->offset : end, end);
    ASSERT_EQ(outcome.torn.has_value(), size > end);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Torn, AFlippedBitAtEveryByte) {
  constexpr std::uint64_t kAllBitsUpTo = 1500;
  for (std::uint64_t at = 0; at < journal_.bytes.size(); at += kOneOf) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if (at >= kAllBitsUpTo && bit != at % 8) continue;
      SCOPED_TRACE("byte " + std::to_string(at) + ", bit " + std::to_string(bit));
      std::string bad = journal_.bytes;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const Outcome outcome = read(bad);
      if (at < 8) {
        ASSERT_THAT(outcome.refusal, HasSubstr("not a journal of coppice"));
      } else {
        expect_damage(outcome, at, at + 1);
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(Torn, PagesThatNeverReachedTheDisk) {
  Rng rng(1, Purpose::kSimulate, 0);
  const std::uint64_t size = journal_.bytes.size();
  for (int round = 0; round < 2000; ++round) {
    // From some byte on, or a hole.
    const std::uint64_t begin = 20 + rng.below(size - 20);
    const std::uint64_t end = rng.below(2) == 0 ? size : begin + 1 + rng.below(size - begin);
    SCOPED_TRACE("zeros from " + std::to_string(begin) + " to " + std::to_string(end));
    std::string bad = journal_.bytes;
    bad.replace(begin, end - begin, end - begin, '\0');
    if (bad == journal_.bytes) continue;
    // Zeros over zeros are no damage.
    const auto differs = [&](std::uint64_t i) { return bad[i] != journal_.bytes[i]; };
    std::uint64_t first = begin;
    while (!differs(first)) ++first;
    std::uint64_t last = end;
    while (!differs(last - 1)) --last;
    const Outcome outcome = read(bad);
    // A record between the two may be whole all the same, if its zeros were zeros: only what is refused or
    // recovered before the hole is asserted then.
    const std::size_t record = journal_.record_at(first);
    if (outcome.refusal.empty()) {
      ASSERT_EQ(outcome.records, record);
    } else {
      ASSERT_THAT(outcome.refusal, HasSubstr("at byte " + std::to_string(journal_.offsets[record]) + ","));
    }
    expect_damage(outcome, first, last);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Torn, RubbishBehindTheEnd) {
  Rng rng(2, Purpose::kSimulate, 0);
  for (int round = 0; round < 500; ++round) {
    std::string rubbish;
    for (auto left = 1 + rng.below(300); left > 0; --left) rubbish += static_cast<char>(rng.below(256));
    if (round % 3 == 0) rubbish = "\xc0\x99\x1c\xed" + rubbish;
    const Outcome outcome = read(journal_.bytes + rubbish);
    ASSERT_EQ(outcome.refusal, "");
    ASSERT_EQ(outcome.records, journal_.size());
    ASSERT_EQ(outcome.torn->offset, journal_.bytes.size());
    ASSERT_EQ(outcome.torn->size_bytes, rubbish.size());
  }
}

TEST_F(Torn, RecordsLostDoubledOrSwappedAsAPiece) {
  const auto refusal = [this](const std::string& bytes) -> std::string {
    write_whole(path_, bytes);
    try {
      read_past(directory_.path());
    } catch (const JournalError& error) {
      return error.what();
    }
    return "";
  };
  const auto is_start = [](std::size_t record) { return journal_.records[record].front() == std::byte{1}; };
  int refused = 0;
  const std::size_t last = journal_.size() - 1;  // the costs: nothing tells where they belong
  for (std::size_t i = 1; i + 1 < last; ++i) {
    SCOPED_TRACE(i);
    const std::string before = journal_.bytes.substr(0, journal_.offsets[i]);
    const std::string one = journal_.piece(i);
    const std::string next = journal_.piece(i + 1);
    const std::string behind = journal_.bytes.substr(journal_.offsets[i + 2]);
    ASSERT_THAT(refusal(before + next + behind), HasSubstr("at byte")) << "lost";
    // A start may come twice: the first died before it began. Nor does it matter if it comes a record early.
    if (!is_start(i)) {
      ASSERT_THAT(refusal(before + one + one + next + behind), HasSubstr("at byte")) << "doubled";
    }
    if (!is_start(i + 1)) {
      ASSERT_THAT(refusal(before + next + one + behind), HasSubstr("at byte")) << "swapped";
    }
    refused += 3 - (is_start(i) ? 1 : 0) - (is_start(i + 1) ? 1 : 0);
  }
  std::printf("%d times a record was lost, doubled or swapped: refused each time\n", refused);
}

}  // namespace
}  // namespace coppice
