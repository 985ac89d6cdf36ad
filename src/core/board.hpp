/// The board: all trials of a study with what is known of them. Written by Study alone, read by schedulers,
/// samplers and reports. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/value.hpp"
#include "core/ids.hpp"
#include "core/objectives.hpp"

namespace coppice {

enum class TrialState : std::uint8_t {
  kProposing,  ///< waits for hyperparameters
  kReady,      ///< waits for a worker
  kRunning,
  kPaused,  ///< stands at the end of a segment and holds no device
  kComplete,
  kStopped,
  kFailed,
};
/// The word in study.h5: running (also for a trial that waits), paused, complete, stopped, failed.
std::string_view to_text(TrialState state);
constexpr bool is_over(TrialState state) {
  return state >= TrialState::kComplete;
}

struct CurvePoint {
  Step step = 0;
  Score score = kWorst;
};

/// What a clone or a rerun comes from. Of a clone: the donor's state at the step at which the two were
/// compared. A rerun has that trial's hyperparameters and begins from scratch, at step 0.
struct Origin {
  TrialId trial = kNoTrial;
  Step step = 0;
};

struct Trial {
  TrialId id = kNoTrial;
  MemberId member = kNoMember;
  TrialState state = TrialState::kProposing;
  Values params;
  std::string tag;  ///< what its sampler gave with them, to be told again
  std::optional<Origin> origin;
  Step until = 0;         ///< where its segment ends or will end
  Step steps = 0;         ///< last step reported, cumulative along the chain
  Step stands_at = 0;     ///< where its last ended segment left it
  int failures = 0;       ///< segments that failed, since it was saved further on than the last of them came
  Step failed_after = 0;  ///< the furthest step reported when one failed
  WorkerId worker = -1;   ///< where it trains, or trained last
  SegmentId segment = 0;  ///< current one; 0: none
  std::vector<CurvePoint> curve;  ///< first objective by step, ascending
  Assessment assessment;          ///< of the curve's last point: all objectives and constraints; empty before
  std::vector<Step> stops;        ///< where it paused at the end of a segment, ascending
  /// The newest trial with which it is ranked before it may go on from a stop; kNoTrial: not known.
  TrialId last_rival = kNoTrial;

  /// Not before it was proposed, nor where the search space had none for it.
  bool has_params() const { return state != TrialState::kProposing && !params.empty(); }
  /// The hyperparameters of `origin->trial` measured again, with a seed of its own.
  bool is_rerun() const { return origin && origin->step == 0; }
  Step first_step() const { return origin ? origin->step + 1 : 1; }
  /// The score reported exactly at `step`; nothing where there is none.
  std::optional<Score> score_at(Step step) const;
  /// The last score at or before `step`.
  std::optional<Score> last_score(Step step = kOpenEnd) const;
};

/// Total order of results: lower score first, ties by trial id.
struct Ranked {
  Score score = kWorst;
  TrialId trial = kNoTrial;
  auto operator<=>(const Ranked& other) const {
    if (score < other.score) return std::strong_ordering::less;
    if (score > other.score) return std::strong_ordering::greater;
    return trial <=> other.trial;
  }
  bool operator==(const Ranked&) const = default;
};

/// The best report so far.
struct Incumbent {
  TrialId trial = kNoTrial;
  Step step = 0;
  Score score = kWorst;
};

class Board {
 public:
  const std::vector<Trial>& trials() const { return trials_; }
  const Trial& trial(TrialId id) const { return trials_.at(static_cast<std::size_t>(id)); }
  std::int64_t size() const { return static_cast<std::int64_t>(trials_.size()); }
  /// Trials begun from scratch, which `budget.trials` counts; clones and reruns are not.
  std::int64_t fresh() const { return fresh_; }
  const Incumbent& incumbent() const { return incumbent_; }

  Trial& edit(TrialId id) {
    edited_.push_back(id);
    return trials_.at(static_cast<std::size_t>(id));
  }
  Trial& add(MemberId member, std::optional<Origin> origin);
  /// Adds a point to a trial's curve. Returns whether it is the new incumbent. Precondition: step > the
  /// trial's steps so far.
  bool report(TrialId id, Step step, std::optional<Score> score, Assessment assessment = {});
  /// The trials that were edited since this was asked last, each once, ascending.
  std::vector<TrialId> take_edited();

 private:
  std::vector<Trial> trials_;
  std::int64_t fresh_ = 0;
  Incumbent incumbent_;
  std::vector<TrialId> edited_;
};

}  // namespace coppice
