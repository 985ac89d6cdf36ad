#include "journal/reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "journal/format.hpp"
#include "wire/bytes.hpp"
#include "wire/fields.hpp"

namespace coppice {

using namespace journal_format;
using journal_files::fail;

namespace {

constexpr std::size_t kWindowBytes = std::size_t{1} << 20;

bool starts_with(std::span<const std::byte> bytes, std::span<const unsigned char> text) {
  return std::memcmp(bytes.data(), text.data(), std::min(bytes.size(), text.size())) == 0;
}

}  // namespace

JournalReader::JournalReader(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!file_) fail(path_, "can't open the journal");
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) fail(path_, "can't read its size");
  size_ = static_cast<std::uint64_t>(status.st_size);
  read_file_header();
  if (torn_ || size_ == 0) return;
  end_ = kFileHeaderBytes;
  auto first = read_record();
  if (!first) return;
  auto* header = std::get_if<JournalHeader>(&*first);
  if (header == nullptr) throw JournalError(path_.string() + ": its first record is not a header");
  header_ = std::move(*header);
}

void JournalReader::read_file_header() {
  if (size_ == 0) return;
  const auto start = bytes(0, std::min<std::size_t>(kFileHeaderBytes, static_cast<std::size_t>(size_)));
  const bool blank = std::all_of(start.begin(), start.end(), [](std::byte b) { return b == std::byte{0}; });
  if (!blank && !starts_with(start, kMagic))
    throw JournalError(path_.string() + ": it is not a journal of coppice");
  if (start.size() < kFileHeaderBytes || crc32_of(start.first(16)) != read_u32(start, 16)) {
    end_at_damage("its first bytes are damaged");
    return;
  }
  const std::uint32_t format = read_u32(start, 8);
  if (format != kFormatVersion) {
    throw JournalError(fmt::format("{}: it has format {}, and this version of coppice knows {}: use {}",
                                   path_.string(), format, kFormatVersion,
                                   format > kFormatVersion ? "a newer one" : "the one that wrote it"));
  }
  decision_version_ = static_cast<std::int32_t>(read_u32(start, 12));
}

std::optional<JournalRecord> JournalReader::next() {
  if (!header_) return std::nullopt;
  auto record = read_record();
  if (record) require_order(*record);
  return record;
}

/// What no checksum shows: records that are whole, but lost, doubled or swapped as a piece of the file.
void JournalReader::require_order(const JournalRecord& record) {
  std::string problem;
  if (std::holds_alternative<JournalHeader>(record)) {
    problem = "is a second header";
  } else if (const auto* start = std::get_if<JournalStart>(&record)) {
    if (start->incarnation < incarnation_)  // equal: the one before died before it began
      problem = fmt::format("is start {}, after start {}", start->incarnation, incarnation_);
    incarnation_ = start->incarnation;
  } else if (const auto* entry = std::get_if<JournalEntry>(&record)) {
    if (entry->seq != next_seq_) problem = fmt::format("is entry {}, where {} is due", entry->seq, next_seq_);
    ++next_seq_;
  }
  if (!problem.empty()) {
    throw JournalError(fmt::format(
        "{}: the record at byte {} {}: the file was damaged after it was written; restore it from a "
        "copy",
        path_.string(), offset_, problem));
  }
}

std::optional<JournalRecord> JournalReader::read_record() {
  if (torn_ || end_ == size_) return std::nullopt;
  const auto framed = framed_at(end_);
  if (!framed) {
    end_at_damage("a record is damaged");
    return std::nullopt;
  }
  auto record = from_bytes<JournalRecord>(framed->payload);
  if (!record) {
    throw JournalError(
        fmt::format("{}: the record at byte {} is whole but makes no sense to this version of coppice",
                    path_.string(), end_));
  }
  offset_ = end_;
  end_ += kRecordHeaderBytes + framed->payload.size();
  return record;
}

/// A good record that knew these bytes to be durable convicts them of damage. Otherwise they are torn.
void JournalReader::end_at_damage(const char* what) {
  TornTail torn{end_, size_ - end_, 0};
  for (auto good = find_record(end_ + 1); good;) {
    const Framed framed = *framed_at(*good);
    if (framed.durable > end_) {
      throw JournalError(
          fmt::format("{}: {} at byte {}, though it was durable when the good record that follows at byte {} "
                      "was written: the file was damaged since; restore it from a copy",
                      path_.string(), what, end_, *good));
    }
    ++torn.whole_records;
    good = find_record(*good + kRecordHeaderBytes + framed.payload.size());
  }
  torn_ = torn;
}

std::string to_text(const TornTail& torn) {
  if (torn.whole_records == 0) {
    return fmt::format("the journal ends in {} bytes that are no whole record (at byte {})", torn.size_bytes,
                       torn.offset);
  }
  return fmt::format(
      "the journal has a hole at byte {}: with it go the {} bytes up to its end, in them {} whole record{} "
      "that "
      "{} not durable yet when the node died",
      torn.offset, torn.size_bytes, torn.whole_records, torn.whole_records == 1 ? "" : "s",
      torn.whole_records == 1 ? "was" : "were");
}

/// The record at `offset`, if one is there and whole. Valid until the next look at the file.
std::optional<JournalReader::Framed> JournalReader::framed_at(std::uint64_t offset) {
  if (size_ - offset < kRecordHeaderBytes) return std::nullopt;
  const auto head = bytes(offset, kRecordHeaderBytes);
  const std::uint32_t length = read_u32(head, 4);
  const std::uint32_t crc = read_u32(head, 8);
  if (!starts_with(head, kMarker) || length == 0 || length > kMaxPayloadBytes ||
      length > size_ - offset - kRecordHeaderBytes) {
    return std::nullopt;
  }
  const std::uint64_t not_durable = read_u32(head, 12);
  const auto checked = bytes(offset + 12, 4 + length);
  if (crc32_of(checked) != crc) return std::nullopt;
  return Framed{checked.subspan(4), offset - std::min(offset, not_durable)};
}

std::optional<std::uint64_t> JournalReader::find_record(std::uint64_t from) {
  while (from < size_ && size_ - from > kRecordHeaderBytes) {
    const auto view =
        bytes(from, static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, size_ - from)));
    const auto marker = std::as_bytes(std::span(kMarker));
    const auto found = std::search(view.begin(), view.end(), marker.begin(), marker.end());
    if (found == view.end()) {
      from += view.size() - (kMarker.size() - 1);  // a marker may lie across the border
      continue;
    }
    from += static_cast<std::uint64_t>(found - view.begin());
    if (framed_at(from)) return from;
    ++from;
  }
  return std::nullopt;
}

/// `size` bytes from `offset`, which lie within the file. Valid until the next call.
std::span<const std::byte> JournalReader::bytes(std::uint64_t offset, std::size_t size) {
  if (offset < window_offset_ || offset + size > window_offset_ + window_.size()) {
    window_.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(std::max(size, kWindowBytes), size_ - offset)));
    window_offset_ = offset;
    std::size_t done = 0;
    while (done < window_.size()) {
      const ssize_t n = ::pread(file_.get(), window_.data() + done, window_.size() - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(path_, "can't read it");
      if (n == 0) throw JournalError(path_.string() + ": it became shorter while it was read");
      done += static_cast<std::size_t>(n);
    }
  }
  return std::span<const std::byte>(window_).subspan(static_cast<std::size_t>(offset - window_offset_), size);
}

}  // namespace coppice
