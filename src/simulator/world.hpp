/// A cluster in virtual time around the same Study that runs for real: workers of different speed that fail,
/// get lost, are taken for lost, come back, and whose messages come late. Trainables are real objects; their
/// checkpoints lie in memories that vanish with their worker. Nothing here waits or reads a clock: the same
/// options give the same run.
///
/// Ownership: owns everything it makes through the plan. One thread. A breach of the rules (see Referee), a
/// replay that differs, or a study that doesn't end throws std::logic_error.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "coppice/rng.hpp"
#include "coppice/trainable.hpp"
#include "core/end_of_allocation.hpp"
#include "core/sampler.hpp"
#include "core/sampler_feed.hpp"
#include "core/study.hpp"
#include "simulator/record.hpp"
#include "simulator/referee.hpp"
#include "simulator/store.hpp"

namespace coppice {

/// What is simulated. The makers are called again at each start of the study.
struct StudyPlan {
  StudySettings settings;
  std::optional<std::int64_t> max_trials;
  std::optional<double> target;
  std::function<std::unique_ptr<Scheduler>()> make_scheduler;
  std::function<std::unique_ptr<Sampler>()> make_sampler;
  std::function<std::unique_ptr<Sampler>()> make_explorer;
  std::function<std::unique_ptr<Trainable>()> make_trainable;
};

/// Chances are for each step of training unless they say otherwise.
struct WorldOptions {
  std::uint64_t seed = 0;
  int workers = 4;
  double step_s = 1;  ///< mean duration of a step
  double spread = 0;  ///< of a step's duration and of workers' speeds: exp(spread * N(0, 1))
  double message_s = 0.001;
  double proposal_s = 0.001;
  double return_s = 5;  ///< until a lost worker is replaced, on average
  double late = 0;      ///< for each message: it takes up to 20 steps
  double worker_loss = 0;
  double false_death = 0;  ///< a worker is declared lost and goes on for now
  double segment_failure = 0;
  double mid_save = 0;  ///< a checkpoint within a segment
  double restart = 0;   ///< for each event: the run ends, by a stop or by a crash, and is begun again
  int max_restarts = 3;
  double nan = 0;          ///< for each step of a trial, whenever it is trained: the metric is NaN
  double bad_trial = 0;    ///< for each trial: fails at one of its first 8 steps, always
  double short_trial = 0;  ///< for each trial: has nothing more to train after one of its first 8 steps
  bool saves = true;
  bool disk = false;        ///< copies of checkpoints go to disk in the background
  bool in_place = false;    ///< a worker that trained a trial last goes on with it from memory
  double startup_s = 0;     ///< of a segment that doesn't go on in place
  double save_s = 0;        ///< a checkpoint; training waits for it
  double slow_kind = 0;     ///< for each machine: its device is of another kind, half as fast again
  double allocation_s = 0;  ///< a run ends so long after its start, up to twice that, and is begun again
  double damage = 0;        ///< for each state on disk, at each restart: it can't be read any more
  bool never_idle = false;  ///< see Referee
  std::int64_t max_events = 5'000'000;
  std::int64_t max_steps = 0;  ///< after so many trained steps nobody looks on; 0: to the end of the study
};

struct WorldResult {
  Finish finish;
  double time_s = 0;        ///< virtual
  double busy_s = 0;        ///< all workers' training, also what was lost
  std::int64_t events = 0;  ///< accepted
  std::int64_t rejected = 0;
  std::int64_t steps = 0;   ///< trained, also what was lost
  std::int64_t losses = 0;  ///< of workers, real and false ones
  int restarts = 0;
  std::int64_t given_up = 0;  ///< segments that did not end before the allocation did
  std::int64_t damaged = 0;   ///< states that were found damaged
};

class World {
 public:
  World(StudyPlan plan, WorldOptions options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Until the study is over, or for `max_steps`. Called once.
  const WorldResult& run();
  const WorldResult& result() const { return result_; }
  const Study& study() const { return *study_; }
  const Record& record() const { return record_; }

 private:
  struct Happening {
    double time_s;
    std::int64_t number;  ///< of those at the same time the earlier one comes first
    std::function<void()> act;
    bool operator>(const Happening& other) const {
      return time_s != other.time_s ? time_s > other.time_s : number > other.number;
    }
  };
  /// A segment as the worker sees it.
  struct Training {
    Run run;
    std::unique_ptr<Trainable> trainable;
    Step step = 0;
    bool stop = false;
    SegmentTimes times = {};
    double step_s = 0;  ///< the one under way
  };
  /// A machine on which one worker after another lives.
  struct Machine {
    std::optional<WorkerId> worker;  ///< nothing: none is up now
    int life = 0;                    ///< whatever was planned in an earlier one does not happen
    bool taken_for_lost = false;
    double slowness = 1;
    std::string kind;
    double last_arrival_s = 0;  ///< messages of a worker don't overtake each other
    std::optional<Training> training;
    std::optional<Training> kept;  ///< the segment that it ended last, as its host has it in memory
  };

  void start();
  void restart(bool crash);
  void at(double time_s, std::function<void()> act);
  void after(double delay_s, std::function<void()> act);
  /// As `after`, unless the machine's worker is gone by then.
  void on_machine(std::size_t machine, double delay_s, std::function<void()> act);
  void tell(const Event& event);
  void apply(const Event& event);
  void tick();
  void check_time(const Machine& machine, const Run& run) const;
  bool goes_on_in_place(const Machine& machine, const Run& run) const;
  void carry_out(const Command& command);
  void tell_samplers(const Trial& trial);
  void answer(const Propose& propose);
  void send(std::size_t machine, Event event);

  void bring_up(std::size_t machine);
  void begin_segment(std::size_t machine, const Run& run);
  const Blob* fetch(std::size_t machine, const Source& source);
  void plan_step(std::size_t machine, double delay_s = 0);
  void train_step(std::size_t machine);
  /// Returns how long it takes.
  double save(std::size_t machine);
  void write_what_is_left();
  void damage_some();
  void end_segment(std::size_t machine, bool done);
  void fail_segment(std::size_t machine, const std::string& error, bool no_state = false);
  void lose(std::size_t machine);
  void take_for_lost(std::size_t machine);
  void come_back(std::size_t machine);

  bool chance(double probability) { return probability > 0 && rng_.uniform() < probability; }
  double noise() { return std::exp(options_.spread * rng_.normal()); }
  /// The step after which a trial fails or ends, drawn by the trial's number alone.
  std::optional<Step> marked_step(const Training& training, double probability, std::uint32_t stream) const;
  bool is_nan(const Training& training) const;

  StudyPlan plan_;
  WorldOptions options_;
  Rng rng_;
  std::unique_ptr<Study> study_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Sampler> explorer_;
  std::optional<SamplerFeed> feed_;  ///< where there is a lag
  Record record_;
  Referee referee_;
  BlobStore store_;
  std::set<CheckpointId> damaged_;  ///< on disk
  std::optional<EndOfAllocation> end_;
  double allocation_s_ = 0;
  std::set<std::string> measured_;  ///< kinds on which a segment has ended
  WorldResult result_;

  double now_s_ = 0;
  std::int64_t numbers_ = 0;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> queue_;
  std::vector<Machine> machines_;
  bool stopping_ = false;
  bool crash_ = false;
};

}  // namespace coppice
