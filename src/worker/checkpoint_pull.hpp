/// One checkpoint on its way from another rank: asked for in chunks, a few at a time, while the donor goes on
/// training. The donor keeps no state, so either side may vanish at any moment. One thread. Failure: failed()
/// says why; the caller then tries another place.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "wire/messages.hpp"
#include "worker/blob.hpp"

namespace coppice {

class Transport;

class CheckpointPull {
 public:
  /// 8 MiB was the fastest size on one node; three on the way hide the round trip.
  static constexpr std::int64_t kChunkBytes = std::int64_t{8} << 20;
  static constexpr std::size_t kOnTheWay = 3;
  static constexpr double kTimeout_s = 30;

  CheckpointPull(Transport& transport, std::int32_t incarnation, std::int64_t pull, const CheckpointId& id,
                 int rank, double now_s);

  void on_chunk(const Chunk& chunk, double now_s);
  void tick(double now_s);

  std::int64_t pull() const { return pull_; }
  const CheckpointId& id() const { return id_; }
  int rank() const { return rank_; }
  const std::string& failed() const { return failed_; }
  bool complete() const { return complete_; }
  std::int64_t received_bytes() const { return received_bytes_; }
  /// Precondition: complete(). Once.
  Blob take() { return std::move(*builder_).finish(); }

 private:
  void ask(std::int64_t offset);
  void ask_more();

  Transport& transport_;
  std::int32_t incarnation_;
  std::int64_t pull_;
  CheckpointId id_;
  int rank_;
  double heard_s_;
  std::optional<BlobBuilder> builder_;  ///< from the first chunk on, which tells the size
  std::int64_t total_bytes_ = -1;
  std::int64_t received_bytes_ = 0;
  std::int64_t next_offset_ = 0;
  std::set<std::int64_t> awaited_;
  bool complete_ = false;
  std::string failed_;
};

/// The donor's side: the answer to a Pull, from `blob` (null: it isn't here).
Chunk answer_pull(const Pull& pull, const Blob* blob);

}  // namespace coppice
