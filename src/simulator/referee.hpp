/// Watches a study from outside and holds it to the rules of the game, whatever the scheduler:
///
/// * a worker that is up gets a segment only when it has none, and a trial is trained in one segment at a
/// time;
/// * a segment begins from a state that lies where the study says, and leads onwards;
/// * the steps of a trial are reported once each and without a gap;
/// * nothing that failed or has no finite score is promoted or copied, and nothing that is over trains on;
/// * a trial that is stopped while it trains has its segment asked to stop, and reports nothing more;
/// * a study is over only when nothing runs.
///
/// Throws std::logic_error with the rule and the numbers. One thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/study.hpp"
#include "simulator/store.hpp"

namespace coppice {

class Referee {
 public:
  /// After each event. `never_idle`: an idle worker is a fault while the budget allows new trials.
  void observe(const Study& study, const Event& event, const Effects& effects, const BlobStore& store,
               bool never_idle);

  std::int64_t open_requests() const { return static_cast<std::int64_t>(requests_.size()); }
  bool has_segment(SegmentId segment) const { return segments_.contains(segment); }

 private:
  void on_event(const Study& study, const Event& event);
  void on_run(const Study& study, const Run& run, const BlobStore& store);
  void on_decision(const Study& study, const Decision& decision);
  void on_stops(const Study& study, const Effects& effects);
  [[noreturn]] static void fault(const std::string& what);

  struct Segment {
    TrialId trial;
    WorkerId worker;
  };
  std::set<WorkerId> up_;
  std::map<WorkerId, SegmentId> busy_;
  std::map<SegmentId, Segment> segments_;
  std::map<TrialId, SegmentId> trained_;
  std::map<TrialId, Step> reported_;
  std::set<TrialId> stopped_;  ///< by the scheduler
  std::set<RequestId> requests_;
  std::optional<std::int64_t> max_trials_;
  bool exhausted_ = false;
};

}  // namespace coppice
