/// The coordinator: turns messages of workers into events of the study and commands of the study into
/// messages.
///
/// The order that everything rests on: an event goes through the study, then to `record` (journal and
/// tables), and only then do its commands leave. If `record` throws, nothing leaves and the exception goes to
/// the caller: the run must end. A checkpoint on disk is deleted only when the record that makes it
/// superfluous outlives the node: a journal that lost its last second still finds every state that it knows
/// of. Ownership: borrows study, proposer and transport. One thread; nothing blocks. `now_s` is any clock
/// that doesn't go back. A rank that is silent for `welcome.worker_timeout_s` is declared dead; if it lives
/// after all, it is dismissed as soon as it speaks, and may come back as a new worker.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "coordinator/proposer.hpp"
#include "core/end_of_allocation.hpp"
#include "core/study.hpp"
#include "transport/liveness.hpp"
#include "transport/transport.hpp"
#include "wire/messages.hpp"

namespace coppice {

struct CoordinatorSettings {
  Welcome welcome;                    ///< what workers are told; `worker` is filled in
  std::filesystem::path checkpoints;  ///< the directory of those on disk
  std::optional<double> wall_time_s;  ///< limit on the running time
  double time_before_s = 0;           ///< running time of the incarnations before this one
  bool rank_0_works = true;           ///< false: rank 0 has no worker of its own
  std::optional<double> ends_at_s;    ///< when the allocation ends, in the clock of now_s
  std::optional<double> stop_s;       ///< how long a stop waits for segments; absent: see kStop_s
  double farewell_s = 120;            ///< how long workers may take to finish writing at the end
};

class Coordinator {
 public:
  /// A stop waits so long for segments to end, unless the end of the allocation is known: then until it is
  /// near. Those that still run are given up.
  static constexpr double kStop_s = 120;

  /// Keeps an event, and returns the mark at which its record ends; marks grow. `time_s` is running time,
  /// without the gaps between incarnations.
  using Record = std::function<std::uint64_t(double time_s, const Event& event, const Effects& effects)>;
  /// The mark up to which everything outlives the death of this node.
  using Durable = std::function<std::uint64_t()>;

  Coordinator(CoordinatorSettings settings, Study& study, Proposer& proposer, Transport& transport,
              Record record, Durable durable);

  /// Fills in the time that is left.
  void begin(Begun begun, double now_s);
  void on_message(const Message& message, double now_s);
  void tick(double now_s);
  void request_stop(StopCause cause, const std::string& reason, double now_s);
  /// Declares a worker dead; what it says afterwards is dropped. Without a worker the study stops.
  void lose_rank(int rank, const std::string& reason, double now_s);

  /// The study is finished and every worker said goodbye, or had its time.
  bool over() const { return over_; }
  double running_time_s(double now_s) const { return settings_.time_before_s + (now_s - began_s_); }
  int exit_status() const;
  /// No rank is lost, so that all of them can end together.
  bool all_here() const { return lost_.empty(); }

 private:
  void tick_time_limit(double now_s);
  double give_up_at_s() const;
  void apply(Event event, double now_s);
  void apply_one(const Event& event, double now_s);
  void welcome(WorkerId worker);
  void drop_if_unknown(const Saved& saved);
  void drop_what_is_durable();
  void drop(const Drop& command);
  void execute(const Propose& command);
  void execute(const Run& command);
  void execute(const Stop& command);
  void execute(const Drop& command);
  void execute(const Finish& command);
  void execute(const BackOff& command);
  void on_hello(const Hello& hello, int from, double now_s);
  void on_stranger(int from);
  void on_goodbye(const Goodbye& goodbye, int from, double now_s);
  void on_told(Told told, int from, double now_s);
  void look_for_the_dead(double now_s);
  bool is_living(int rank) const;
  template <class T>
  void send(int rank, MessageType type, const T& body);

  CoordinatorSettings settings_;
  Study& study_;
  Proposer& proposer_;
  Transport& transport_;
  Record record_;
  Durable durable_;
  std::uint64_t recorded_ = 0;                        ///< the mark of the last event
  std::deque<std::pair<std::uint64_t, Drop>> drops_;  ///< by the mark from which they may be done
  double began_s_ = 0;
  std::deque<Event> events_;  ///< that wait for the one under way
  bool applying_ = false;
  std::map<WorkerId, int> ranks_;             ///< of the living workers
  std::set<int> awaited_;                     ///< ranks that have not said goodbye and aren't lost
  std::set<int> left_;                        ///< ranks that said it before the end, and wait for it
  std::set<int> lost_;                        ///< ranks that were declared dead
  Liveness liveness_;                         ///< of the ranks in awaited_ and left_, but for our own
  std::string last_loss_;                     ///< which rank, and why
  std::multimap<double, TrialId> back_offs_;  ///< by the time at which they are over
  double now_s_ = 0;                          ///< of the event under way
  std::optional<EndOfAllocation> end_;        ///< where it is known
  std::optional<double> halted_s_;
  std::optional<StopCause> stop_cause_;
  std::optional<double> finished_s_;
  bool over_ = false;
};

}  // namespace coppice
