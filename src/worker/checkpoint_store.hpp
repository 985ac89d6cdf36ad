/// The checkpoints that a worker holds: bytes in memory, and a thread that copies them to disk in the
/// background.
///
/// Ownership: owns the blobs. Threads: one caller; its own thread only reads and writes files. Failure: in
/// the results of poll(); a copy that could not be written stays in memory. put() throws std::system_error
/// where the process has no descriptors left, and then nothing has changed. Memory is bounded: past
/// `memory_limit_bytes` or kMostHeld the oldest that are on disk are let go.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "worker/blob.hpp"
#include "worker/unique_fd.hpp"

namespace coppice {

/// A copy is on disk, or could not be written (`error`).
struct CheckpointWritten {
  CheckpointId id;
  std::int64_t size_bytes = 0;
  std::string error;
};
/// What read() asked for: the blob is empty where `error` isn't.
struct CheckpointFetched {
  CheckpointId id;
  Blob blob;
  std::string error;
};
/// Memory ran short: only the copy on disk is left.
struct CheckpointEvicted {
  CheckpointId id;
};
using StoreResult = std::variant<CheckpointWritten, CheckpointFetched, CheckpointEvicted>;

/// The same bytes under a descriptor of their own, so that two holders need not agree on who lives longer.
/// Throws std::system_error where the process has no descriptors left.
Blob share(const Blob& blob);

class CheckpointStore {
 public:
  /// Each one in memory is an open descriptor, of which a process commonly has 1024.
  static constexpr std::size_t kMostHeld = 128;

  CheckpointStore(std::filesystem::path directory, std::int64_t memory_limit_bytes);
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;
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

  std::vector<StoreResult> poll();
  /// Readable when poll() has something, or when a read or write is over.
  int fd() const { return wake_.get(); }
  /// Writes or reads are under way.
  bool busy() const;
  std::int64_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Order {
    CheckpointId id;
    std::optional<Blob> write;  ///< absent: read
  };
  struct Held {
    Blob blob;
    bool on_disk = false;
    std::uint64_t age = 0;
  };
  void work(const std::stop_token& stop);
  void let_go_of_memory();

  const std::filesystem::path directory_;
  const std::int64_t memory_limit_bytes_;
  UniqueFd wake_;
  std::map<CheckpointId, Held> held_;
  std::int64_t memory_bytes_ = 0;
  std::uint64_t next_age_ = 0;
  std::vector<StoreResult> evicted_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  std::deque<Order> orders_;
  std::vector<StoreResult> results_;
  std::optional<CheckpointId> writing_;
  std::set<CheckpointId> unwanted_;  ///< dropped while it was being written
  bool reading_ = false;
  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace coppice
