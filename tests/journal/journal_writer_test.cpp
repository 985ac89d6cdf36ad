// The writer at the edges: a full disk, a second writer, and what is durable when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "journal_fixture.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace coppice
