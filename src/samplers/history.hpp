/// What a model-based sampler learns from trials: one place decides what counts as a trial's observation, and
/// one table holds them.
///
/// Values. Written by one thread (`tell`); read by any number while nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>
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
    kScored,   ///< `score` is the last one that counts; kWorst where that was NaN or infinite
    kFailed,   ///< over without a score, or failed
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
class History {
 public:
  explicit History(SearchSpace space);

  /// Takes what is known of a trial. Returns whether that is news.
  bool tell(const Trial& trial);

  const SearchSpace& space() const { return space_; }
  /// One past the highest trial id that is known.
  TrialId size() const { return static_cast<TrialId>(observations_.size()); }
  /// Unknown for any id that was not told.
  Observation observation(TrialId trial) const;
  /// One number for each parameter: its encoding, NaN where absent. Precondition: the trial is known.
  std::span<const double> encoded(TrialId trial) const;

 private:
  SearchSpace space_;
  std::vector<Observation> observations_;
  std::vector<double> encoded_;  ///< size() rows of one number for each parameter
};

/// One number for each parameter: its encoding, NaN where absent.
std::vector<double> encode(const SearchSpace& space, const Values& values);

}  // namespace coppice
