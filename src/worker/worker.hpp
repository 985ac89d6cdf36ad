/// A worker: takes segments from the coordinator, one at a time, and has them trained by a trial host that it
/// supervises; keeps the checkpoints that come out, gives them to other workers that ask, and copies them to
/// disk in the background.
///
/// Ownership: owns its host and its checkpoints; the transport and the spawner outlive it. Threads: one
/// caller, who passes messages on and calls tick() whenever a descriptor of fds() is readable or some time
/// has passed; nothing blocks. Failure: whatever the host does ends as an event told to the coordinator. A
/// worker that the coordinator took for dead ends its host and begins anew; one that doesn't hear from the
/// coordinator any more ends.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transport/liveness.hpp"
#include "transport/transport.hpp"
#include "wire/messages.hpp"
#include "worker/checkpoint_pull.hpp"
#include "worker/checkpoint_store.hpp"
#include "worker/device_probe.hpp"
#include "worker/memory_gate.hpp"
#include "worker/repeated_host.hpp"
#include "worker/spawner.hpp"
#include "worker/worker_place.hpp"

namespace coppice {

/// A segment from its order to its end.
struct ActiveSegment {
  RunSegment order;
  SegmentTimes times;
  double since_s = 0;     ///< begin of the phase under way
  bool held = false;      ///< nothing of it has begun: there is no room for the state that it would end with
  bool training = false;  ///< the host has the order
  Step began_at = 0;
  Step reported = 0;
  std::optional<double> step_began_s;  ///< of the step under way; absent: set-up may be part of the time
  std::deque<std::size_t> places;      ///< indices into order.run.from->places that are still worth a try
  std::optional<CheckpointPull> pull;
  bool reading = false;
  std::optional<MemoryGate> gate;  ///< while a host can't be started for want of device memory
  Blob state;
  bool has_state = false;
};

class Worker {
 public:
  /// `host`: one that was started already and has said hello, if any.
  Worker(Transport& transport, Spawner& spawner, WorkerPlace place,
         std::optional<RepeatedHost> host = std::nullopt);

  /// Says hello to the coordinator. `patience_s`: how long it may take to answer.
  void start(double now_s, double patience_s = std::numeric_limits<double>::infinity());
  void on_message(const Message& message, double now_s);
  void tick(double now_s);
  /// Leaves the study, which goes on elsewhere: ends its host, finishes writing within 30 s, says goodbye and
  /// then only waits for the end of the run. Its segment is no failure of the trial. Only the first reason
  /// counts.
  void leave(std::string reason, double now_s);
  std::vector<int> fds() const;
  /// Set once everything is written and said: the exit status that the coordinator asked for.
  std::optional<int> exit_status() const { return over_ ? exit_status_ : std::nullopt; }
  /// It ended because the coordinator is gone.
  bool orphaned() const { return orphaned_; }
  /// Bytes of checkpoints that came from other ranks.
  std::int64_t pulled_bytes() const { return pulled_bytes_; }

 private:
  void on(const Welcome& welcome, double now_s);
  void on(RunSegment order, double now_s);
  void on(const StopSegment& order, double now_s);
  void on(const DropCheckpoint& order);
  void on(const Shutdown& order, double now_s);
  void on(const RankLost& lost, double now_s);
  void on(const Dismissed& dismissed, double now_s);
  void on(const Pull& pull, int from);
  void on(const Chunk& chunk, double now_s);

  void on_host(const HostReady& message, double now_s);
  void on_host(const HostReport& message, double now_s);
  void on_host(HostSaved& message, double now_s);
  void on_host(const HostEnded& message, double now_s);
  void on_host(const HostFailed& message, double now_s);
  void on_host(const HostExited& message, double now_s);

  bool in_place(const Run& run) const;
  void begin_segment(double now_s);
  void fetch_state(double now_s);
  void state_arrived(Blob state, double now_s);
  void place_failed(double now_s);
  void give_to_host(double now_s, bool fresh);
  void start_host(double now_s);
  void host_failed(const std::string& error, double now_s);
  void poll_probe(double now_s);
  void fail_segment(const std::string& error, double now_s, bool no_state = false);
  void end_segment(Step step, bool done, double now_s);
  void tell(Event event);
  void say(MessageType type, std::vector<std::byte> body);
  void beat(double now_s);
  void lose_rank(int rank, double now_s);
  void end_as_orphan(const std::string& why);
  void poll_store(double now_s);
  void poll_host(double now_s);
  void on_store(const CheckpointWritten& result, double now_s);
  void on_store(CheckpointFetched& result, double now_s);
  void on_store(const CheckpointEvicted& result, double now_s);
  void on_store(const WritesFailing& result, double now_s);
  void on_store(const WritesRecovered& result, double now_s);
  std::string output_of_host() const;
  void forget_host();
  void end_host();
  void end_if_quiet(double now_s);

  Transport& transport_;
  Spawner& spawner_;
  WorkerPlace place_;
  Liveness liveness_;  ///< of the coordinator, if that is another rank
  std::optional<Welcome> welcome_;
  std::unique_ptr<CheckpointStore> store_;
  std::optional<RepeatedHost> host_;
  bool host_ready_;
  TrialId host_trial_ = kNoTrial;  ///< what the host has in place …
  Step host_step_ = 0;             ///< … and where it stands
  std::optional<ActiveSegment> active_;
  std::optional<DeviceProbe> probe_;
  std::string held_error_;   ///< of the segment, until it is known whether the device is to blame
  double next_probe_s_ = 0;  ///< not before
  bool crowd_told_ = false;
  double idle_since_s_ = 0;
  std::int64_t next_pull_ = 1;
  std::int64_t pulled_bytes_ = 0;
  std::string leaves_;  ///< why
  std::optional<int> exit_status_;
  double write_until_s_ = 0;  ///< goodbye is said then at the latest
  double host_until_s_ = 0;   ///< so long a host that was asked to exit is waited for
  bool goodbye_said_ = false;
  bool orphaned_ = false;
  bool over_ = false;
};

}  // namespace coppice
