/// Appends records to a journal.
///
/// Ownership: owns the open file and a thread that makes it durable (group commit). At most one writer a
/// file: see owner.hpp. Threads: one appends; all else from any. Failure: JournalError. After a failed append
/// the file ends at the last good record, as if nothing had been tried, and an append may be tried again.
/// After a failed sync nothing more is accepted: what the kernel dropped can't be told.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/files.hpp"
#include "journal/record.hpp"

namespace coppice {

class JournalWriter {
 public:
  /// How long a record may wait until it is made durable against the death of the node.
  static constexpr double kSyncInterval_s = 1;

  /// A new journal with its header, durable when this returns. A file there must not exist, or hold no record
  /// (JournalReader::empty).
  static std::unique_ptr<JournalWriter> create(const std::filesystem::path& path,
                                               std::int32_t decision_version, const JournalHeader& header,
                                               double sync_interval_s = kSyncInterval_s);
  /// Goes on after the last record, which ends at `end` (JournalReader::end); cut a torn tail before. All
  /// that is there is durable when this returns.
  static std::unique_ptr<JournalWriter> append_to(const std::filesystem::path& path, std::uint64_t end,
                                                  double sync_interval_s = kSyncInterval_s);

  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  /// Syncs; a failure to is not reported, so call sync() before where it matters.
  ~JournalWriter();

  /// When this returns the record survives the death of this process; after the next group commit, of the
  /// node.
  void append(const JournalRecord& record);
  /// Makes all records durable now. Does nothing if they are.
  void sync();
  /// Whether there are records that are not durable yet.
  bool dirty() const;
  std::uint64_t size_bytes() const;
  /// Everything before this byte outlives the node.
  std::uint64_t durable_bytes() const;
  /// What this writer did so far: the journal's part of it.
  RecordCosts costs() const;

 private:
  JournalWriter(std::filesystem::path path, journal_files::File file, std::uint64_t end,
                double sync_interval_s);
  void write(std::span<const std::byte> bytes);
  std::uint64_t not_durable() const;
  void sync_until_stopped(const std::stop_token& stop);
  void throw_if_lost() const;

  const std::filesystem::path path_;
  const journal_files::File file_;
  const double sync_interval_s_;

  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::uint64_t end_ = 0;      ///< of the last whole record
  std::uint64_t durable_ = 0;  ///< everything before it outlives the node
  std::string lost_;           ///< why nothing more can be accepted; empty: nothing is wrong
  RecordCosts costs_;
  std::vector<float> commits_s_;  ///< how long each took
  std::jthread thread_;           ///< last: it uses all of the above
};

/// Cuts a torn tail off: the file ends at `offset` afterwards, durably.
void cut_journal(const std::filesystem::path& path, std::uint64_t offset);

}  // namespace coppice
