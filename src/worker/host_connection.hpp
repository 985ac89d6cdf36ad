/// The trial host's side of the protocol, for hosts written in C++.
/// Owns the socket. One thread. Failure: a worker that is gone is an order to exit.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "worker/frame_socket.hpp"
#include "worker/host_messages.hpp"

namespace coppice {

/// A segment to train, with the state to begin from, if one came.
struct ReceivedOrder {
  SegmentOrder order;
  std::optional<Blob> checkpoint;
};

class HostConnection {
 public:
  explicit HostConnection(int fd) : socket_(UniqueFd(fd)) {}

  int fd() const { return socket_.fd(); }
  void hello(HostForm form, bool can_save);
  /// Blocks until there is a segment to train; nothing: exit.
  std::optional<ReceivedOrder> next_order();

  enum class Wish { kGoOn, kStop, kExit };
  /// What the worker wants of the segment under way. Never blocks.
  Wish wish(std::int64_t segment);

  void report(std::int64_t segment, std::int64_t step, const Metrics& metrics);
  void saved(std::int64_t segment, std::int64_t step, const Blob& state);
  void ended(const HostEnded& ended);
  void failed(std::int64_t segment, std::string_view error);

 private:
  void send(const std::string& text, int attached_fd = -1);
  void receive();

  FrameSocket socket_;
  std::deque<ReceivedOrder> orders_;
  std::int64_t stopped_ = -1;  ///< the segment that the last `stop` named
  bool exit_ = false;
};

}  // namespace coppice
