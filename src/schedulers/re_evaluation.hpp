/// Against the luck of the first measurement: the candidates of a promotion are measured again, each as often
/// as asked for, by reruns (Rerun in scheduler.hpp), and ranked by the mean. The best of many noisy scores
/// is better than what it measures, the more so the more there are; its mean with reruns is less so.
///
/// Only the candidates themselves are measured again: where one falls behind by its mean, whoever takes its
/// place is the next candidate. Each is measured again once in its life, so that comes to an end.
///
/// Values; one thread. O(log n) each.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "core/scheduler.hpp"

namespace coppice {

class ReEvaluation {
 public:
  /// `times`: how often a candidate is measured again; 0: never.
  explicit ReEvaluation(std::int64_t times) : times_(times) {}

  /// Whether this candidate has to be measured again before it goes on.
  bool wants(TrialId trial) const { return times_ > 0 && !candidates_.contains(trial); }
  /// Puts its reruns in line. Precondition: it is wanted. `reason`: why it is a candidate.
  void begin(Ranked candidate, Step until, const std::string& reason);
  /// The next rerun in line.
  std::optional<Rerun> next();

  struct Candidate {
    Ranked first;               ///< as it was ranked before
    std::int64_t measured = 1;  ///< how often, with a result
    std::int64_t awaited = 0;   ///< reruns that are not over
    Score sum = 0;              ///< of all measurements
    Ranked ranked() const { return {sum / static_cast<double>(measured), first.trial}; }
  };
  /// A rerun stands at its end, or is over: what it has measured counts, one without a finite score as the
  /// worst. Ends it where it is paused. Returns the candidate where that was its last rerun.
  std::optional<Candidate> on_reached(SchedulerContext& context, const Trial& rerun);
  /// A rerun has failed: it doesn't count.
  std::optional<Candidate> on_failed(const Trial& rerun);

  /// " (mean of 3)"; "" for a trial that was measured once.
  std::string words(TrialId trial) const;

 private:
  std::optional<Candidate> end_rerun(Candidate& candidate);

  std::int64_t times_;
  std::map<TrialId, Candidate> candidates_;
  std::deque<Rerun> line_;
};

}  // namespace coppice
