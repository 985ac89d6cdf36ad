/// What a study is told and what it answers: the whole language between the pure core and the shell.
///
/// Events go in, one at a time, through Study::step; what comes out is one Effects. The shell must write the
/// event and its effects to the journal *before* any command leaves the process. A field added here is added
/// in src/wire/fields.hpp too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coppice/trainable.hpp"
#include "coppice/value.hpp"
#include "core/ids.hpp"

namespace coppice {

// ---- events
// ---------------------------------------------------------------------------------------------------------

/// After how much without an improvement the study ends; see Standstill.
struct Patience {
  std::optional<std::int64_t> trials = {};  ///< complete or stopped ones
  std::optional<std::int64_t> steps = {};   ///< of all trials together
  double min_delta = 0;
};

/// A start of the study: the first one, or a resume. Every worker and memory checkpoint of before is gone;
/// the budget may have grown.
struct Begun {
  std::int32_t incarnation = 1;
  std::optional<std::int64_t> max_trials = {};
  std::optional<double> target = {};
  bool endless = false;                      ///< no budget says when to stop: the scheduler's own end does
  std::optional<std::int32_t> retries = {};  ///< failures that a trial may have; absent: as the study began
  std::optional<std::int32_t> keep = {};     ///< safe states kept of a trial; absent: as the study began
  std::optional<double> time_left_s = {};    ///< until the allocation ends; absent: nobody knows
  Patience patience = {};
};

struct WorkerUp {
  WorkerId worker = 0;
  std::int32_t rank = 0;
  std::string host;
  std::string device_uuid;  ///< empty on a CPU
  std::string device_name;
};

struct WorkerLost {
  WorkerId worker = 0;
  std::string reason;
};

/// The answer to Propose.
struct Proposed {
  RequestId request = 0;
  Values params;
  std::string note;      ///< how it was made, for people
  std::string tag = {};  ///< Trial::tag
  /// Not a proposal, but that there will be no other one: the search space is exhausted. No params.
  bool exhausted = false;
};

struct Reported {
  SegmentId segment = 0;
  TrialId trial = kNoTrial;
  WorkerId worker = 0;
  Step step = 0;
  Metrics metrics;
  double step_s = 0;  ///< how long the step took; 0: that wasn't measured
};

/// `place` holds a complete, verified copy: a worker's memory, or kDisk.
struct Saved {
  CheckpointId checkpoint;
  WorkerId place = kDisk;
  std::int64_t size_bytes = 0;
  double write_s = 0;  ///< on disk: how long that took, from when it was saved
};

struct CheckpointLost {
  CheckpointId checkpoint;
  WorkerId place = kDisk;
};

/// Where a segment's seconds went.
struct SegmentTimes {
  double startup_s = 0;  ///< start of the host process and setup of the trainable
  double load_s = 0;
  double train_s = 0;
  double save_s = 0;
  double transfer_s = 0;  ///< waiting for a checkpoint from another place
  double wait_s = 0;      ///< the worker had nothing to do before it
  double failed_s = 0;    ///< training that was lost
  std::int64_t transfer_bytes = 0;
  std::int64_t steps = 0;  ///< that train_s went into, also those that had been reported before
};

struct SegmentEnded {
  SegmentId segment = 0;
  TrialId trial = kNoTrial;
  WorkerId worker = 0;
  Step step = 0;      ///< the trainable stands here
  bool done = false;  ///< the trainable has nothing more to train
  SegmentTimes times;
};

struct SegmentFailed {
  SegmentId segment = 0;
  TrialId trial = kNoTrial;
  WorkerId worker = 0;
  Step step = 0;  ///< last step reported
  std::string error;
  SegmentTimes times;
  bool no_state = false;  ///< the state that it was to begin from could not be had: no fault of the trial's
};

/// The delay that a BackOff asked for is over.
struct BackedOff {
  TrialId trial = kNoTrial;
};

/// The allocation ends so soon that it matters. Told before an event that may hand out work.
struct TimeLeft {
  double seconds = 0;
};

/// The stop has waited long enough: segments that still run are given up, and their trials go on from their
/// last states another time.
struct GivenUp {
  std::string reason;
};

enum class StopCause : std::uint8_t { kSignal, kTimeLimit, kWallTime, kNoWorker };

struct StopRequested {
  StopCause cause = StopCause::kSignal;
  std::string reason;
};

using Event = std::variant<Begun, WorkerUp, WorkerLost, Proposed, Reported, Saved, CheckpointLost,
                           SegmentEnded, SegmentFailed, StopRequested, BackedOff, TimeLeft, GivenUp>;

// ---- commands
// -------------------------------------------------------------------------------------------------------

/// Hyperparameters are wanted for `trial`. Without `base` the sampler answers; with it the explorer, from
/// those of trial `base`.
struct Propose {
  RequestId request = 0;
  TrialId trial = kNoTrial;
  std::optional<TrialId> base;
};

/// Where a state can be had: its name and who has a copy. Never empty.
struct Source {
  CheckpointId checkpoint;
  std::vector<WorkerId> places;
};

/// Train `trial` on `worker` until it stands at step `until`.
struct Run {
  WorkerId worker = 0;
  SegmentId segment = 0;
  TrialId trial = kNoTrial;
  Values params;
  std::uint64_t trial_seed = 0;
  std::optional<Source> from;  ///< absent: from scratch, step 0
  Step until = 0;
  Step report_after = 0;  ///< steps up to here were reported before: train them again silently
};

/// End the segment after the step under way, with a checkpoint.
struct Stop {
  WorkerId worker = 0;
  SegmentId segment = 0;
};

/// Say BackedOff{trial} after so many seconds: it failed, and is not to be tried again at once.
struct BackOff {
  TrialId trial = kNoTrial;
  double seconds = 0;
};

/// No one will need this state again.
struct Drop {
  CheckpointId checkpoint;
  std::vector<WorkerId> places;
};

enum class Outcome : std::uint8_t { kFinished, kStopped, kFailed };

/// The study is over (kStopped: for now). Nothing is running.
struct Finish {
  Outcome outcome = Outcome::kFinished;
  std::string reason;
};

using Command = std::variant<Propose, Run, Stop, Drop, Finish, BackOff>;

// ---- decisions
// ------------------------------------------------------------------------------------------------------

enum class DecisionKind : std::uint8_t {
  kStart,     ///< a trial begins from scratch
  kContinue,  ///< a paused trial trains on
  kPromote,   ///< … to the next rung
  kExploit,   ///< a clone of `other_trial` at `step` takes the member's place
  kExplore,   ///< a member goes on from its own state with other hyperparameters
  kStop,      ///< a trial ends before its budget
  kComplete,
  kRetry,
  kFail,
  kVoid,       ///< an exploit whose origin was lost
  kIncumbent,  ///< a new best
  kHalt,       ///< the study winds down
  kRerun,  ///< a trial begins from scratch with the hyperparameters of `other_trial`, to measure them again
};

/// Why something was done, with the numbers it was decided on.
struct Decision {
  DecisionKind kind = DecisionKind::kStart;
  TrialId trial = kNoTrial;
  TrialId other_trial = kNoTrial;
  Step step = 0;
  std::string reason;
  MemberId member = kNoMember;  ///< the trial's place in the population
};

/// What one event brought about, in order.
struct Effects {
  bool accepted =
      true;  ///< false: stale or unknown, and nothing has changed: it is not written to the journal
  std::vector<Command> commands;
  std::vector<Decision> decisions;
};

std::string_view to_text(DecisionKind kind);
std::string_view to_text(StopCause cause);
std::string_view to_text(Outcome outcome);

}  // namespace coppice
