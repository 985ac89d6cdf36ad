#include "worker/checkpoint_pull.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "transport/transport.hpp"
#include "wire/bytes.hpp"

namespace coppice {
namespace {

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

CheckpointPull::CheckpointPull(Transport& transport, std::int32_t incarnation, std::int64_t pull,
                               const CheckpointId& id, int rank, double now_s)
    : transport_(transport), incarnation_(incarnation), pull_(pull), id_(id), rank_(rank), heard_s_(now_s) {
  ask(0);
  next_offset_ = kChunkBytes;
}

void CheckpointPull::ask(std::int64_t offset) {
  awaited_.insert(offset);
  transport_.send(rank_, static_cast<std::uint32_t>(MessageType::kPull),
                  to_bytes(Pull{incarnation_, pull_, id_, offset, kChunkBytes}));
}

void CheckpointPull::ask_more() {
  while (awaited_.size() < kOnTheWay && next_offset_ < total_bytes_) {
    ask(next_offset_);
    next_offset_ += kChunkBytes;
  }
}

void CheckpointPull::on_chunk(const Chunk& chunk, double now_s) {
  if (chunk.pull != pull_ || complete_ || !failed_.empty() || awaited_.erase(chunk.offset) == 0) return;
  heard_s_ = now_s;
  if (chunk.total_bytes < 0) {
    failed_ = fmt::format("rank {} no longer has it", rank_);
    return;
  }
  if (!builder_) {
    total_bytes_ = chunk.total_bytes;
    try {
      builder_.emplace(static_cast<std::size_t>(total_bytes_));
    } catch (const std::system_error& error) {
      failed_ = fmt::format("no room for its {} bytes: {}", total_bytes_, error.what());
      return;
    }
  }
  const std::int64_t expected = std::min(kChunkBytes, total_bytes_ - chunk.offset);
  if (chunk.total_bytes != total_bytes_ || static_cast<std::int64_t>(chunk.bytes.size()) != expected ||
      crc_of(chunk.bytes) != chunk.crc) {
    failed_ = fmt::format("rank {} sent a damaged chunk at byte {}", rank_, chunk.offset);
    return;
  }
  if (!chunk.bytes.empty()) {
    std::memcpy(builder_->bytes().data() + chunk.offset, chunk.bytes.data(), chunk.bytes.size());
  }
  received_bytes_ += expected;
  complete_ = received_bytes_ == total_bytes_;
  ask_more();
}

void CheckpointPull::tick(double now_s) {
  if (!complete_ && failed_.empty() && now_s - heard_s_ > kTimeout_s) {
    failed_ = fmt::format("rank {} did not answer for {} s", rank_, kTimeout_s);
  }
}

Chunk answer_pull(const Pull& pull, const Blob* blob) {
  Chunk chunk;
  chunk.incarnation = pull.incarnation;
  chunk.pull = pull.pull;
  chunk.offset = pull.offset;
  if (blob == nullptr) return chunk;
  const auto bytes = blob->bytes();
  chunk.total_bytes = static_cast<std::int64_t>(bytes.size());
  const auto offset = static_cast<std::size_t>(std::clamp<std::int64_t>(pull.offset, 0, chunk.total_bytes));
  const auto length =
      std::min(static_cast<std::size_t>(std::max<std::int64_t>(pull.length, 0)), bytes.size() - offset);
  const auto part = bytes.subspan(offset, length);
  chunk.bytes.assign(part.begin(), part.end());
  chunk.crc = crc_of(part);
  return chunk;
}

}  // namespace coppice
