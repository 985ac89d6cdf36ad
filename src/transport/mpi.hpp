/// Ranks under MPI. After start-up only nonblocking point-to-point messages of MPI-3 are used, so that the
/// survivors of a dead rank go on; see README.md beside this file.
///
/// Ownership: the session owns MPI and outlives its transport.
/// Threads: one thread constructs, uses and destroys both; it need not be the main one.
/// Failure: a failed start throws. Later errors of MPI lose the message in question, which is counted, and
/// its peer is taken for failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transport/transport.hpp"

namespace coppice {

/// Of the MPI library, in one line: "Open MPI v4.1.4, package: …". Before, after or without a session.
std::string mpi_library_version();

struct RankInfo {
  int rank = -1;
  int node = -1;        ///< nodes are numbered 0, 1, … in the order of their lowest rank
  int local_rank = -1;  ///< among the ranks of the node
  std::string host;     ///< several nodes can bear one name, as in a virtual cluster
};

/// MPI from start to end: at most one in the life of a process. Construct it only under a launcher, on all
/// ranks.
class MpiSession {
 public:
  /// kOne: one thread talks MPI. kMany: user code may talk MPI too, on its own communicator (inline
  /// trainables).
  enum class Threads { kOne, kMany };

  /// Collective. Throws std::runtime_error if MPI gives no communicator or less than one thread at a time.
  explicit MpiSession(Threads threads = Threads::kOne);
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;
  /// `close` with a limit of 5 s, unless it was called.
  ~MpiSession();

  int rank() const;
  int size() const;
  /// Whether several threads may talk MPI at once; with Threads::kMany it may turn out that they can't.
  bool multithreaded() const;
  /// All ranks, in their order; gathered at the start.
  const std::vector<RankInfo>& ranks() const { return ranks_; }

  /// Collective: every rank's text, in the order of the ranks. For what is said once at the start, such as
  /// which devices a rank sees. Throws std::runtime_error where MPI fails. Precondition: no transport was
  /// made yet.
  std::vector<std::string> gather(const std::string& own);

  /// Ends MPI. Waits until all ranks have called this, at most `limit_s`, then finalizes and returns true. If
  /// some rank doesn't come, returns false and leaves MPI as it is, for finalizing would hang: end the
  /// process soon, by returning from main or by `_exit`. With a limit of 0 (ranks are known to be lost) it
  /// doesn't wait at all. Under a plain `mpirun` an end without finalizing is reported as an error and ends
  /// the other ranks too; under `mpirun --enable-recovery` it isn't and doesn't. A second call returns what
  /// the first one did. Precondition: the transport was destroyed.
  bool close(double limit_s);

 private:
  friend class MpiTransport;
  struct State;
  std::unique_ptr<State> state_;
  std::vector<RankInfo> ranks_;
};

/// The endpoint of this process. Destroying it abandons what is unsent: wait for `idle` first.
class MpiTransport final : public Transport {
 public:
  /// Precondition: the session is open and has no other transport. The session must outlive this.
  explicit MpiTransport(MpiSession& session);
  ~MpiTransport() override;

  void send(int to, std::uint32_t type, std::vector<std::byte> body) override;
  std::optional<Message> receive() override;
  std::size_t unsent_bytes(int to) const override;
  void abandon(int rank) override;
  std::vector<int> take_failed() override;
  /// 100 µs for 0.5 ms after something happened or, for a second, while a message is under way; then 20 % of
  /// the time for which nothing happened, at most 1 ms, which costs 3 % of a core.
  double poll_interval_s() const override;

  /// How many messages an error of MPI lost so far.
  std::int64_t lost_messages() const;

 private:
  struct Queues;
  std::unique_ptr<Queues> queues_;
};

}  // namespace coppice
