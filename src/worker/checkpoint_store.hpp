/// The checkpoints that a worker holds: bytes in memory, and a thread that copies them to disk in the
/// background.
///
/// Ownership: owns the blobs. Threads: one caller; its own thread alone touches files. Failure: in the
/// results of poll(). put() throws std::system_error where the process has no descriptors left, and then
/// nothing has changed. A write that fails is tried again, after a second first and a minute at last, until
/// it succeeds, the state is dropped or finish() is called.
///
/// Memory is bounded. Past `memory_limit_bytes` or kMostHeld the oldest that are on disk are let go, then,
/// as the disk is slow or full, the oldest of which a newer state of the same trial is held. What is left is
/// the only newest state of a trial: full() says that there is no room beside it. A worker that begins no
/// segment while full() therefore holds the limit and one state, and one more while it is being written.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "worker/blob.hpp"
#include "worker/unique_fd.hpp"

namespace coppice {

/// A copy is on disk, or, after finish(), could not be written (`error`).
struct CheckpointWritten {
  CheckpointId id;
  std::int64_t size_bytes = 0;
  std::string error;
  /// From put() on; 0 where a write of it failed before: an outage says nothing about how long a write takes.
  double write_s = 0;
};
/// What read() asked for: the blob is empty where `error` isn't.
struct CheckpointFetched {
  CheckpointId id;
  Blob blob;
  std::string error;
};
/// Memory ran short: it is no longer here. Maybe it is on disk.
struct CheckpointEvicted {
  CheckpointId id;
};
/// The first of the writes that fail; the others are not told.
struct WritesFailing {
  std::string error;
};
/// All that had failed is written, or was dropped.
struct WritesRecovered {
  double after_s = 0;
};
using StoreResult =
    std::variant<CheckpointWritten, CheckpointFetched, CheckpointEvicted, WritesFailing, WritesRecovered>;

/// The same bytes under a descriptor of their own, so that two holders need not agree on who lives longer.
/// Throws std::system_error where the process has no descriptors left.
Blob share(const Blob& blob);

struct StoreSettings {
  std::filesystem::path directory;
  std::int64_t memory_limit_bytes = 0;
  double first_retry_s = 1;  ///< doubles with each failure …
  double longest_retry_s = 60;
};

class CheckpointStore {
 public:
  /// Each one in memory is an open descriptor, of which a process commonly has 1024.
  static constexpr std::size_t kMostHeld = 128;

  explicit CheckpointStore(StoreSettings settings);
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;
  /// Writes what is still to be written, once.
  ~CheckpointStore();

  /// Takes it into memory and copies it to disk in the background. Nothing happens if it is held already.
  void put(const CheckpointId& id, Blob blob);
  /// Null where it isn't in memory.
  const Blob* find(const CheckpointId& id) const;
  /// What is in memory, and its size.
  std::vector<std::pair<CheckpointId, std::int64_t>> held() const;
  /// Forgets it, in memory and on disk, also if it is being written now.
  void drop(const CheckpointId& id);
  /// Reads a copy from disk; the answer comes through poll().
  void read(const CheckpointId& id);
  /// The end is near: what waits is tried at once, and given up if it fails.
  void finish();

  std::vector<StoreResult> poll();
  /// Readable when poll() has something, or when a read or write is over.
  int fd() const { return wake_.get(); }
  /// Writes, reads or removals are under way or waiting.
  bool busy() const;
  /// There is no room for one more state, and nothing that could be let go.
  bool full() const { return over_limit(); }
  std::int64_t memory_bytes() const { return memory_bytes_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Write {
    CheckpointId id;
    Blob blob;
    Clock::time_point since = {};
    int failures = 0;
    Clock::time_point due = {};
  };
  struct Held {
    Blob blob;
    bool on_disk = false;
    std::uint64_t age = 0;
  };
  using HeldMap = std::map<CheckpointId, Held>;

  // The caller's side.
  bool over_limit() const;
  void let_go_of_memory();
  HeldMap::iterator oldest_on_disk();
  HeldMap::iterator oldest_superseded();
  void evict(HeldMap::iterator it);

  // The thread's side; `lock` is held at the beginning and at the end.
  using Lock = std::unique_lock<std::mutex>;
  void work(const std::stop_token& stop);
  bool wait_for_work(Lock& lock, const std::stop_token& stop);
  std::deque<Write>::iterator due_write();
  void do_read(Lock& lock);
  void do_remove(Lock& lock);
  void do_write(Lock& lock, std::deque<Write>::iterator at);
  void on_written(Write write, std::string error);

  const StoreSettings settings_;
  UniqueFd wake_;
  HeldMap held_;
  std::int64_t memory_bytes_ = 0;
  std::uint64_t next_age_ = 0;
  std::vector<StoreResult> evicted_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  std::deque<CheckpointId> reads_;
  std::deque<CheckpointId> removals_;
  std::deque<Write> writes_;
  std::vector<StoreResult> results_;
  bool working_ = false;
  std::optional<CheckpointId> writing_;
  bool unwanted_ = false;  ///< what is being written was dropped meanwhile
  bool finishing_ = false;
  std::optional<Clock::time_point> failing_since_;
  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace coppice
