/// Which saved states exist, where, and which of them somebody still needs. Facts only: the bytes are the
/// shell's business. Written by Study alone; one thread.
///
/// A state is needed while (a) its trial is not over and it is the newest one or one of the newest `keep`
/// *safe* ones, so that a damaged one leaves the one before it; (b) a clone that is not over and has fewer
/// than `keep` safe states of its own began from it; (c) it is the best safe state ever; (d) a scheduler
/// holds it. Safe: a copy on disk, or copies in two memories.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/board.hpp"
#include "core/ids.hpp"

namespace coppice {

class CheckpointTable {
 public:
  struct Entry {
    CheckpointId id;
    std::vector<WorkerId> places;  ///< ascending; kDisk first
    std::int64_t size_bytes = 0;
    int holds = 0;
    bool safe() const { return places.size() >= 2 || (!places.empty() && places.front() == kDisk); }
  };

  /// Safe states of each trial that goes on. Precondition: ≥ 1.
  void keep(int states) { keep_ = states; }

  /// Adds a place; returns false if a state {trial, step} of another segment is there already (the newcomer
  /// is not needed) or this place is known.
  bool add(const CheckpointId& id, WorkerId place, std::int64_t size_bytes);
  /// Removes a place; the entry goes with its last one. Returns whether it was known.
  bool remove(const CheckpointId& id, WorkerId place);
  /// Removes an entry with all its places and returns them.
  std::vector<WorkerId> erase(const CheckpointId& id);

  const Entry* find(TrialId trial, Step step) const;
  const Entry* newest(TrialId trial) const;
  /// All states of a trial by ascending step.
  std::vector<const Entry*> of(TrialId trial) const;
  std::vector<CheckpointId> at(WorkerId place) const;
  /// Whether a trial has as many safe states of its own as are kept.
  bool has_enough(TrialId trial) const;

  void hold(TrialId trial, Step step);
  void release(TrialId trial, Step step);
  /// A clone depends on its origin until it is over or has safe states enough of its own.
  void depend(const Origin& origin, TrialId clone) {
    dependents_[{origin.trial, origin.step}].push_back(clone);
  }
  void undepend(const Origin& origin, TrialId clone);

  /// Keeps the best state ever: called when a state with a known score is added. Returns the one that is no
  /// longer the best, if any.
  std::optional<CheckpointId> offer_best(const CheckpointId& id, Score score);
  const std::optional<CheckpointId>& best() const { return best_; }

  /// States of `trial` that nobody needs.
  std::vector<CheckpointId> unneeded(const Trial& trial) const;

  const std::map<std::pair<TrialId, Step>, Entry>& entries() const { return entries_; }
  /// Of all copies on disk that are known, now and at most so far.
  std::int64_t disk_bytes() const { return disk_bytes_; }
  std::int64_t peak_disk_bytes() const { return peak_disk_bytes_; }

 private:
  std::map<std::pair<TrialId, Step>, Entry> entries_;
  std::map<std::pair<TrialId, Step>, std::vector<TrialId>> dependents_;
  int keep_ = 2;
  std::int64_t disk_bytes_ = 0;
  std::int64_t peak_disk_bytes_ = 0;
  std::optional<CheckpointId> best_;
  Score best_score_ = kWorst;
};

}  // namespace coppice
