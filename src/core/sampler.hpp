/// A sampler proposes hyperparameters. `ask` is const and may run on any thread over a snapshot; only `tell`
/// mutates.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "coppice/value.hpp"
#include "core/board.hpp"
#include "core/ids.hpp"

namespace coppice {

struct SampleRequest {
  TrialId trial = kNoTrial;         ///< for whom: the key of its random numbers
  const Values* base = nullptr;     ///< an explorer starts from these; null for a fresh trial
  const Values* origin = nullptr;   ///< of the trial whose state it begins from; null: those are the base
  std::optional<Origin> from = {};  ///< … and which state that is

  /// What a clone's state was trained with: parameters that are `fixed` come from there.
  const Values* trained_with() const { return origin != nullptr ? origin : base; }
};

/// For a trial of the board, which it points into.
inline SampleRequest sample_request(const Board& board, TrialId trial, std::optional<TrialId> base) {
  if (!base) return {trial};
  const std::optional<Origin>& from = board.trial(trial).origin;
  return {trial, &board.trial(*base).params, from ? &board.trial(from->trial).params : nullptr, from};
}

struct Proposal {
  Values params;
  std::string note;      ///< how it was made, for people
  std::string tag = {};  ///< comes back with the trial, for the sampler that made it
  bool exhausted =
      false;  ///< there is nothing left to propose, now or ever: no params, and the note says why
};

/// What a sampler is told of a trial that it has just proposed: others are asked for before the study has
/// taken this one up.
inline Trial proposed_trial(const SampleRequest& request, Values params, std::string tag) {
  Trial trial;
  trial.id = request.trial;
  trial.state = TrialState::kReady;
  trial.params = std::move(params);
  trial.tag = std::move(tag);
  trial.origin = request.from;
  return trial;
}

class Sampler {
 public:
  Sampler() = default;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;
  virtual ~Sampler() = default;

  virtual Proposal ask(const SampleRequest& request) const = 0;
  /// What is known of a trial now: it has hyperparameters and waits, trains, has reported, or is over. Told
  /// after each event that changed it, whatever the change; on a resume every trial is told once. A trial
  /// without hyperparameters is not told.
  virtual void tell(const Trial& trial) = 0;
};

}  // namespace coppice
