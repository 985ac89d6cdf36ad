/// A sampler proposes hyperparameters. `ask` is const and may run on any thread over a snapshot; only `tell`
/// mutates.
#pragma once

#include <string>

#include "coppice/value.hpp"
#include "core/board.hpp"
#include "core/ids.hpp"

namespace coppice {

struct SampleRequest {
  TrialId trial = kNoTrial;      ///< for whom: the key of its random numbers
  const Values* base = nullptr;  ///< an explorer starts from these; null for a fresh trial
};

struct Proposal {
  Values params;
  std::string note;      ///< how it was made, for people
  std::string tag = {};  ///< comes back with the trial, for the sampler that made it
};

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
