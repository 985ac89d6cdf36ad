/// Reads a journal from its start, also one that is being written to.
///
/// Ownership: owns the open file and a window of it in memory.
/// Threads: one.
/// Failure: JournalError for what can't be read, is no journal, was written in another format, is damaged in
/// what was durable, or whose records don't follow each other. A torn tail is not a failure: it is what the
/// death of the writer or its node may leave.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/files.hpp"
#include "journal/record.hpp"

namespace coppice {

/// What is to be cut off: from `offset`, `size_bytes` to the end of the file. It begins with bytes that are
/// no whole record.
struct TornTail {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
  /// Whole records behind the bad bytes. All of it was written after the last group commit before its node
  /// died: the disk got later pages and not the earlier ones.
  std::int64_t whole_records = 0;
};
/// One line for people.
std::string to_text(const TornTail& torn);

class JournalReader {
 public:
  explicit JournalReader(const std::filesystem::path& path);
  JournalReader(JournalReader&&) = default;
  JournalReader& operator=(JournalReader&&) = default;

  /// It holds no record: no journal yet. `JournalWriter::create` takes such a file.
  bool empty() const { return !header_; }
  /// Precondition: !empty().
  const JournalHeader& header() const { return *header_; }
  std::int32_t decision_version() const { return decision_version_; }

  /// The record after the header, and so on; nothing at the end. A record that is bad though it was durable
  /// when a later one was written is refused, and so is one that does not follow the one before.
  std::optional<JournalRecord> next();
  /// Where the record that `next` returned last begins; 0 before.
  std::uint64_t offset() const { return offset_; }
  /// Where the last good record so far ends. After `next` returned nothing: where to cut, or to go on.
  std::uint64_t end() const { return end_; }
  /// Known when `next` has returned nothing.
  const std::optional<TornTail>& torn() const { return torn_; }

 private:
  struct Framed {
    std::span<const std::byte> payload;
    std::uint64_t durable = 0;  ///< bytes of the file that were, when it was written
  };

  std::span<const std::byte> bytes(std::uint64_t offset, std::size_t size);
  std::optional<Framed> framed_at(std::uint64_t offset);
  std::optional<JournalRecord> read_record();
  std::optional<std::uint64_t> find_record(std::uint64_t from);
  void read_file_header();
  void require_order(const JournalRecord& record);
  void end_at_damage(const char* what);

  std::filesystem::path path_;
  journal_files::File file_;
  std::uint64_t size_ = 0;  ///< when it was opened
  std::vector<std::byte> window_;
  std::uint64_t window_offset_ = 0;
  std::int32_t decision_version_ = 0;
  std::optional<JournalHeader> header_;
  std::uint64_t offset_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t next_seq_ = 0;
  std::int32_t incarnation_ = 0;
  std::optional<TornTail> torn_;
};

}  // namespace coppice
