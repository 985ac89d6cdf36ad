// A writer that is killed at any moment has lost nothing that it acknowledged.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "coppice/rng.hpp"
#include "journal/reader.hpp"
#include "journal/writer.hpp"
#include "temporary_directory.hpp"

namespace coppice {
namespace {

/// Appends for ever, and tells each record's number once `append` has returned.
[[noreturn]] void write_until_killed(const std::filesystem::path& path, std::uint64_t end, std::uint64_t seq,
                                     int acknowledged) {
  try {
    auto writer = end == 0 ? JournalWriter::create(path, 1, JournalHeader{}, 0.001)
                           : JournalWriter::append_to(path, end, 0.001);
    for (;; ++seq) {
      const std::string reason(static_cast<std::size_t>(seq * 37 % 3000), 'r');
      writer->append(JournalEntry{seq, static_cast<double>(seq), WorkerLost{1, reason}, {}});
      if (::write(acknowledged, &seq, sizeof seq) != sizeof seq) break;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  ::_exit(1);
}

TEST(Crash, EveryAcknowledgedRecordIsThereAfterKill) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "study.journal";
  Rng rng(5, Purpose::kSimulate, 0);
  std::uint64_t end = 0;
  std::uint64_t next_seq = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(path, end, next_seq, pipe[1]);
    }
    ::close(pipe[1]);
    std::uint64_t acknowledged = 0;
    const auto kill_after = 1 + rng.below(300);
    std::uint64_t seen = 0;
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
      if (++seen == kill_after) ::kill(child, SIGKILL);
    }
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself in round " << round;
    ASSERT_GE(seen, kill_after);

    JournalReader reader(path);
    std::uint64_t count = 0;
    while (const auto record = reader.next()) {
      ASSERT_EQ(std::get<JournalEntry>(*record).seq, count);
      ++count;
    }
    ASSERT_GT(count, acknowledged) << "round " << round;
    if (reader.torn()) cut_journal(path, reader.torn()->offset);
    end = reader.end();
    next_seq = count;
  }
}

}  // namespace
}  // namespace coppice
