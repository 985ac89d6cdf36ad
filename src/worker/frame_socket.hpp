/// Messages on a stream socket: u32 length (little endian), that many bytes of text, and descriptors beside
/// them.
///
/// Ownership: owns the socket, the descriptors that wait to be sent (duplicates) and those that arrived and
/// were not taken yet. Threads: one. Failure: never throws on what the other side does; see state().
#pragma once

#include <cstddef>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/unique_fd.hpp"

namespace coppice {

inline constexpr std::size_t kMaxFrame_bytes = std::size_t{1} << 20;

class FrameSocket {
 public:
  enum class State { kOpen, kClosed, kBroken };

  FrameSocket() = default;
  /// Makes the socket nonblocking and close-on-exec.
  explicit FrameSocket(UniqueFd socket);

  /// Two connected sockets; the second is for another process.
  static std::pair<UniqueFd, UniqueFd> pair();

  int fd() const { return socket_.get(); }
  /// kClosed: the other side is gone. kBroken: it sent what is no message; error() says what. Messages that
  /// were complete before that can still be taken with next().
  State state() const { return state_; }
  const std::string& error() const { return error_; }

  /// Queues a message with duplicates of `fds` and sends as much as goes without blocking.
  /// Precondition: text fits into kMaxFrame_bytes.
  void send(std::string_view text, std::initializer_list<int> fds = {});
  /// Sends what waits, without blocking; false while something is left.
  bool flush();
  /// Blocks until all is sent or the other side is gone.
  void flush_blocking();

  /// Reads what is there, without blocking.
  void receive();
  /// Blocks until there is something to read (or the other side is gone) or the time is up; -1: no limit.
  bool wait_readable(int timeout_ms) const;
  /// The next complete message.
  std::optional<std::string> next();
  /// The oldest descriptor that arrived and was not taken; they come in the order of their messages.
  UniqueFd take_fd();

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t sent = 0;
    std::vector<UniqueFd> fds;
  };
  void break_with(std::string why);

  UniqueFd socket_;
  State state_ = State::kOpen;
  std::string error_;
  std::deque<Outgoing> outgoing_;
  std::string incoming_;
  std::size_t parsed_ = 0;
  std::deque<UniqueFd> fds_;
};

}  // namespace coppice
