/// What a model-based sampler learns from trials: one place decides what counts as a trial's observation, and
/// one table holds them.
///
/// Values. Written by one thread (`tell`); read by any number while nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/board.hpp"
#include "core/ids.hpp"

namespace coppice {

/// What is known of a trial's objective.
struct Observation {
  enum class Kind : std::uint8_t {
    kUnknown,  ///< no such trial, or one that teaches nothing about hyperparameters: a clone
    kPending,  ///< it has hyperparameters, and no score that counts yet
    kScored,   ///< `score` is the one that counts; kWorst where that was NaN or infinite
    kFailed,   ///< over without a score, or failed
    kBehind,   ///< it stands, maybe for good, before the step whose scores count; `score` is its last one
  };
  Kind kind = Kind::kUnknown;
  Score score = kWorst;

  bool operator==(const Observation&) const = default;
  bool known() const { return kind != Kind::kUnknown; }
  bool pending() const { return kind == Kind::kPending; }
  /// Whether a result is there, good or bad.
  bool over() const { return kind == Kind::kScored || kind == Kind::kFailed; }
  /// Whether it has a number to learn from.
  bool finite() const { return kind == Kind::kScored && score < kWorst; }
};

/// A pure function of the trial. The score that counts is the last one at or before the end of its last ended
/// segment; what a running segment has reported is not looked at, so that a long trial counts as pending
/// until it pauses or ends. A clone's score is its donor's doing too and says nothing: kUnknown.
Observation observe(const Trial& trial);

/// Encoded hyperparameters and observations by trial id: the order in which trials were told leaves no trace.
///
/// Scores are comparable at equal steps only. So, where trials stop at different ones (rungs, mostly), one
/// step counts: the largest that `least` trials have come to (Falkner et al., "BOHB", ICML 2018). There a
/// trial's score is its last one at or before that step; a complete trial has come to every step. Until there
/// is such a step each trial's last score counts. Who can model scores at several steps together asks for
/// `rungs` and `score_at`.
class History {
 public:
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

  /// `least` = kNever: each trial's last score counts, always.
  explicit History(SearchSpace space, std::size_t least = kNever);

  /// Takes what is known of a trial. Returns whether that is news. Where it changes `step()`, observations of
  /// other trials may have changed too.
  bool tell(const Trial& trial);

  const SearchSpace& space() const { return space_; }
  /// One past the highest trial id that is known.
  TrialId size() const { return static_cast<TrialId>(observations_.size()); }
  /// The step whose scores count: kOpenEnd where that is the end of complete trials, 0 where every trial's
  /// last one counts.
  Step step() const { return step_; }
  /// The steps at which trials with a score stand, ascending, and kOpenEnd for complete ones: `limit` at
  /// most, the largest. Of two that are nearer than a factor of 3/2 the larger one: rules that stop anywhere
  /// leave many.
  std::vector<Step> rungs(std::size_t limit) const;
  std::size_t least() const { return least_; }
  /// How many trials with a score have come to a step.
  std::size_t came_to(Step step) const;
  /// The largest step that a complete trial reported; 0 where none did.
  Step end() const;
  /// The last score at a step in (after, step] of a trial that has come to that step.
  std::optional<Score> score_at(TrialId trial, Step after, Step step) const;
  /// Trials that have a result.
  std::int64_t results() const { return results_; }
  /// Unknown for any id that was not told.
  Observation observation(TrialId trial) const;
  /// One number for each parameter: its encoding, NaN where absent. Precondition: the trial is known.
  std::span<const double> encoded(TrialId trial) const;

 private:
  /// What must be kept of a trial to observe it at any step.
  struct Past {
    Observation last;               ///< as of observe()
    bool moves = false;             ///< it trains, or waits for a worker
    Step reach = 0;                 ///< how far it has come; 0: it has no score yet
    std::vector<CurvePoint> curve;  ///< as far as that

    bool operator==(const Past& other) const {
      return last == other.last && moves == other.moves && reach == other.reach;
    }
  };

  Past past_of(const Trial& trial) const;
  Observation observe_at_step(const Past& past) const;
  Step find_step() const;
  bool observe_again(std::size_t row);

  SearchSpace space_;
  std::size_t least_;
  Step step_ = 0;
  std::int64_t results_ = 0;
  std::map<Step, std::size_t, std::greater<>> reaches_;  ///< how many trials have come how far
  std::vector<Past> pasts_;
  std::vector<Observation> observations_;
  std::vector<double> encoded_;  ///< size() rows of one number for each parameter
};

/// One number for each parameter: its encoding, NaN where absent.
std::vector<double> encode(const SearchSpace& space, const Values& values);

}  // namespace coppice
