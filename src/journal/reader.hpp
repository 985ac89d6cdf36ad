/// Reads a journal from its start, also one that is being written to.
///
/// Ownership: owns the open file and a window of it in memory.
/// Threads: one.
/// Failure: JournalError for what can't be read, is no journal, was written in a newer format, or is damaged
/// before its end. A torn tail is not a failure: what was being written when the writer died was never
/// acknowledged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "journal/files.hpp"
#include "journal/record.hpp"

namespace coppice {

/// Bytes at the end that are no whole record: from `offset`, `size_bytes` of them.
struct TornTail {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

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

  /// The record after the header, and so on; nothing at the end. A record that is bad though a good one
  /// follows is refused.
  std::optional<JournalRecord> next();
  /// Where the record that `next` returned last begins; 0 before.
  std::uint64_t offset() const { return offset_; }
  /// Where the last good record so far ends. After `next` returned nothing: where to cut, or to go on.
  std::uint64_t end() const { return end_; }
  /// Known when `next` has returned nothing.
  const std::optional<TornTail>& torn() const { return torn_; }

 private:
  std::span<const std::byte> bytes(std::uint64_t offset, std::size_t size);
  std::optional<std::span<const std::byte>> payload_at(std::uint64_t offset);
  std::optional<JournalRecord> read_record();
  std::optional<std::uint64_t> find_record(std::uint64_t from);
  void read_file_header();
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
  std::optional<TornTail> torn_;
};

}  // namespace coppice
