/// A small single-threaded process that starts trial hosts for us, forked before MPI_Init: a fork after it is
/// unsafe on InfiniBand, and a fork of a large process is slow anywhere.
///
/// Ownership: Spawner owns the helper; ChildChannel owns one child: when it goes, the child is killed, with
/// all that it has started, wherever that has hidden (each child has a keeper, host_keeper.hpp). When this
/// process dies, however it dies, the helper sees the end of its socket, has all children ended and exits;
/// when the helper dies, so do they. Nothing of a terminal's Ctrl-C or of a signal to our process group
/// reaches any of them. Threads: start() may be
/// called from any thread; a ChildChannel belongs to one thread. Failure: launch() throws std::system_error;
/// later failures are ChildEvents.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/unique_fd.hpp"

namespace coppice {

/// What to start. The child gets an environment without the launcher's variables (PMI*, OMPI_*, MPI_*,
/// PRTE_*, HYDRA_*, SLURM_* but for SLURM_JOB_ID), so that it may be an MPI program of its own.
struct SpawnRequest {
  std::vector<std::string> command;  ///< argv; looked up in PATH
  /// The command doesn't speak the protocol: serve_program runs it, once for each segment.
  bool plain_program = false;
  std::vector<std::string> parameter_names;  ///< plain_program: all parameters of the study
  std::filesystem::path cwd;                 ///< empty: ours
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;
  std::map<std::string, std::string> prepend;  ///< paths put before those in the variable
  std::vector<int> cpus;                       ///< its affinity mask; empty: ours
  int socket_fd = -1;                          ///< becomes descriptor 3, and COPPICE_FD says so
  int output_fd = -1;                          ///< becomes stdout and stderr
  /// What the child and all that it starts may hold in memory, looked at twice a second; 0: no limit.
  std::int64_t memory_limit_bytes = 0;
};

struct ChildEvent {
  enum class Kind { kStarted, kNotStarted, kExited, kLost };
  Kind kind = Kind::kLost;  ///< kLost: its keeper is gone. The last three are final.
  pid_t pid = 0;            ///< kStarted
  std::string text;         ///< else what happened, e.g. "exit status 3", "killed by signal 9 (SIGKILL)"
};

class ChildChannel {
 public:
  ChildChannel() = default;
  ChildChannel(UniqueFd socket, const SpawnRequest& request);

  /// Readable when poll() has something to say.
  int fd() const { return socket_.get(); }
  /// Never blocks. Nothing more comes after a final event.
  std::optional<ChildEvent> poll();
  /// Sends a signal to the child's process group, if it is still there; SIGKILL to all that it has started.
  void signal(int number);

 private:
  UniqueFd socket_;
  std::string program_;                  ///< named in messages
  std::int64_t memory_limit_bytes_ = 0;  ///< likewise
  pid_t pid_ = 0;
  bool over_ = false;
};

class Spawner {
 public:
  /// Forks the helper. Call it before MPI_Init and before any thread is started.
  static Spawner launch();

  Spawner(Spawner&&) noexcept;
  Spawner& operator=(Spawner&&) noexcept;
  ~Spawner();

  /// Asks for a child and returns at once; how it went is an event of the channel.
  ChildChannel start(const SpawnRequest& request);
  pid_t pid() const;
  /// False once the helper is gone: nothing can be started any more. Its descriptors close in any order when
  /// it dies, so where a child was lost just now, its end may take a moment: at most `patience_ms`.
  bool alive(int patience_ms = 0) const;

 private:
  struct Link;
  explicit Spawner(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

/// "exit status 3" or "killed by signal 9 (SIGKILL)", from waitpid's status.
std::string describe_exit(int status);

}  // namespace coppice
