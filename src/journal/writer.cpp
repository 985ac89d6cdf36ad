#include "journal/writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "core/check.hpp"
#include "journal/format.hpp"
#include "journal/reader.hpp"

namespace coppice {

using journal_files::error_text;
using journal_files::fail;
using journal_files::File;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t size_of(const std::filesystem::path& path, const File& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(path, "can't read its size");
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

std::unique_ptr<JournalWriter> JournalWriter::create(const std::filesystem::path& path,
                                                     std::int32_t decision_version,
                                                     const JournalHeader& header, double sync_interval_s) {
  File file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file && errno == EEXIST) {
    // A start that died before its first record leaves a file that says nothing.
    if (!JournalReader(path).empty()) throw JournalError(path.string() + ": there is a journal already");
    file = File(::open(path.c_str(), O_WRONLY | O_APPEND | O_TRUNC | O_CLOEXEC));
  }
  if (!file) fail(path, "can't create the journal");
  std::unique_ptr<JournalWriter> writer(new JournalWriter(path, std::move(file), 0, sync_interval_s));
  auto bytes = journal_format::encode_file_header(decision_version);
  const auto first = journal_format::encode(header, bytes.size());
  bytes.insert(bytes.end(), first.begin(), first.end());
  writer->write(bytes);
  writer->sync();
  journal_files::sync_directory(path.parent_path());
  return writer;
}

std::unique_ptr<JournalWriter> JournalWriter::append_to(const std::filesystem::path& path, std::uint64_t end,
                                                        double sync_interval_s) {
  File file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file) fail(path, "can't open the journal for writing");
  if (const auto size = size_of(path, file); size != end) {
    throw JournalError(
        fmt::format("{}: its last record ends at byte {}, but it has {} bytes", path.string(), end, size));
  }
  if (::fdatasync(file.get()) != 0) fail(path, "can't make it durable");
  std::unique_ptr<JournalWriter> writer(new JournalWriter(path, std::move(file), end, sync_interval_s));
  return writer;
}

JournalWriter::JournalWriter(std::filesystem::path path, File file, std::uint64_t end, double sync_interval_s)
    : path_(std::move(path)),
      file_(std::move(file)),
      sync_interval_s_(sync_interval_s),
      end_(end),
      durable_(end) {
  thread_ = std::jthread([this](const std::stop_token& stop) { sync_until_stopped(stop); });
}

JournalWriter::~JournalWriter() {
  thread_.request_stop();
  thread_.join();
  if (end_ != durable_) ::fdatasync(file_.get());
}

void JournalWriter::append(const JournalRecord& record) {
  const double began_s = seconds();
  const auto bytes = journal_format::encode(record, not_durable());
  write(bytes);
  const double ended_s = seconds();
  const std::lock_guard lock(mutex_);
  ++costs_.appends;
  costs_.journal_bytes += static_cast<std::int64_t>(bytes.size());
  costs_.append_s += ended_s - began_s;
}

std::uint64_t JournalWriter::not_durable() const {
  const std::lock_guard lock(mutex_);
  return end_ - durable_;
}

void JournalWriter::write(std::span<const std::byte> bytes) {
  throw_if_lost();
  // Two processes that append to one file would weave two studies into it; each notices the other here.
  if (const auto size = size_of(path_, file_); size != end_) {
    throw JournalError(fmt::format("{}: it has {} bytes instead of {}: another process writes to it",
                                   path_.string(), size, end_));
  }
  errno = 0;
  const std::size_t written = journal_files::write_all(file_.get(), bytes);
  if (written < bytes.size()) {
    const int error = errno;
    if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) {
      const std::lock_guard lock(mutex_);
      lost_ = "a record was written in part and can't be cut off: " + error_text(errno);
    }
    throw JournalError(fmt::format("{}: only {} of {} bytes could be written at byte {}: {}", path_.string(),
                                   written, bytes.size(), end_, error_text(error)));
  }
  {
    const std::lock_guard lock(mutex_);
    end_ += bytes.size();
  }
  work_.notify_one();
}

void JournalWriter::sync() {
  std::uint64_t target = 0;
  {
    const std::lock_guard lock(mutex_);
    target = end_;
    if (target == durable_ && lost_.empty()) return;
  }
  throw_if_lost();
  const double began_s = seconds();
  const bool done = ::fdatasync(file_.get()) == 0;
  const int error = errno;
  const double took_s = seconds() - began_s;
  {
    const std::lock_guard lock(mutex_);
    ++costs_.commits;
    costs_.commit_s += took_s;
    commits_s_.push_back(static_cast<float>(took_s));
    if (done) {
      durable_ = std::max(durable_, target);
    } else if (lost_.empty()) {
      lost_ = "records can't be made durable: " + error_text(error);
    }
  }
  throw_if_lost();
}

void JournalWriter::sync_until_stopped(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const auto interval =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(sync_interval_s_));
  auto due = Clock::now() + interval;
  std::unique_lock lock(mutex_);
  while (work_.wait(lock, stop, [this] { return end_ != durable_ && lost_.empty(); })) {
    // What comes in until then goes with it.
    work_.wait_until(lock, stop, due, [] { return false; });
    if (stop.stop_requested()) return;
    lock.unlock();
    try {
      sync();
    } catch (const JournalError&) {
      // It is kept in lost_, and thrown by the next append.
    }
    due = Clock::now() + interval;
    lock.lock();
  }
}

void JournalWriter::throw_if_lost() const {
  const std::lock_guard lock(mutex_);
  if (!lost_.empty()) throw JournalError(path_.string() + ": " + lost_);
}

bool JournalWriter::dirty() const {
  const std::lock_guard lock(mutex_);
  return end_ != durable_;
}

std::uint64_t JournalWriter::size_bytes() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::uint64_t JournalWriter::durable_bytes() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

RecordCosts JournalWriter::costs() const {
  const std::lock_guard lock(mutex_);
  RecordCosts costs = costs_;
  if (commits_s_.empty()) return costs;
  auto sorted = commits_s_;
  std::sort(sorted.begin(), sorted.end());
  costs.commit_p99_s = sorted[(sorted.size() * 99 - 1) / 100];
  costs.commit_max_s = sorted.back();
  return costs;
}

void cut_journal(const std::filesystem::path& path, std::uint64_t offset) {
  const File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) fail(path, "can't open the journal for writing");
  check(offset <= size_of(path, file), "a cut makes a journal shorter");
  if (::ftruncate(file.get(), static_cast<off_t>(offset)) != 0) fail(path, "can't cut its torn tail");
  if (::fsync(file.get()) != 0) fail(path, "can't sync it");
}

}  // namespace coppice
