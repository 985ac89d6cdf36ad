/// Messages between the ranks of one study: the only thing that the coordinator and the workers know of MPI.
///
/// Ownership: a message belongs to whoever holds it; `send` takes the body, `receive` hands one out.
/// Threads: all endpoints of a process are used by one thread.
/// Failure: nothing here blocks, and a peer's failure shows only where the MPI below notices it
/// (`take_failed`). A message to a rank that died is lost or stays unsent, silently; whoever waits for an
/// answer needs a time limit of his own (`Liveness`) and then calls `abandon`. Breaking a precondition ends
/// the process with a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace coppice {

struct Message {
  int from = -1;
  std::uint32_t type = 0;
  std::vector<std::byte> body;
};

/// Types are numbered 0 … kMaxMessageType: what MPI guarantees for a tag.
inline constexpr std::uint32_t kMaxMessageType = 32767;
/// A body is at most 1 GiB. Send checkpoints in chunks of about 8 MiB, which is also fastest.
inline constexpr std::size_t kMaxMessageBytes = std::size_t{1} << 30;
/// What `unsent_bytes` counts for a message besides its body, so that an empty one counts too.
inline constexpr std::size_t kMessageOverheadBytes = 64;

/// One rank's endpoint. Messages between two ranks arrive in the order in which they were sent, and in no
/// particular order otherwise. A rank may send to itself.
class Transport {
 public:
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// Accepts the message and returns at once. It travels while this rank calls `receive`.
  /// Precondition: 0 ≤ to < size(), type ≤ kMaxMessageType, body ≤ kMaxMessageBytes.
  virtual void send(int to, std::uint32_t type, std::vector<std::byte> body) = 0;

  /// The next message that is here, if any; a bounded amount of work. Also moves forward what is being sent,
  /// so call it regularly, also when nothing is expected: until it returns nothing, then sleep for
  /// `poll_interval_s`.
  virtual std::optional<Message> receive() = 0;

  /// Bytes accepted for `to` that still occupy memory here; 0 exactly when all of it has left. A sender of
  /// chunks waits while this is more than a few chunks. "Left" isn't "arrived": only an answer tells that.
  virtual std::size_t unsent_bytes(int to) const = 0;

  /// Forgets what is unsent to, and half received from, a rank that was given up. Such memory may still be
  /// written to by the network, so it is leaked on purpose. What is sent to the rank afterwards is sent as
  /// usual: it may be alive, and messages from it must be told from old ones by what is in them.
  virtual void abandon(int rank) = 0;

  /// Ranks of which MPI itself said that they failed, since this was last asked. Most MPIs never say it.
  virtual std::vector<int> take_failed() { return {}; }

  /// How long the owner may sleep now, if nothing else wakes him, without delaying messages unduly.
  virtual double poll_interval_s() const = 0;

  /// Everything has left, to all ranks: an orderly end may go on.
  bool idle() const;

 protected:
  Transport(int rank, int size) : rank_(rank), size_(size) {}
  /// Ends the process, saying so, if the preconditions of `send` don't hold.
  void check_sendable(int to, std::uint32_t type, std::size_t body_bytes) const;

 private:
  int rank_;
  int size_;
};

}  // namespace coppice
