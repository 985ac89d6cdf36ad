/// Turns the journal's entries into the tables of study.h5: a pure fold, so the live run and `recover` make
/// the same ones.
///
/// Ownership: owns its tables; memory is proportional to their rows.
/// Threads: one. Copy `tables()` to write them elsewhere.
/// Failure: none; entries that contradict each other are our bug and end the process.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coppice/search_space.hpp"
#include "core/events.hpp"
#include "results/table.hpp"

namespace coppice {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// What the tables need to know of the study beforehand.
struct RecordedStudy {
  std::string name;
  SearchSpace space;
  std::string metric;  ///< the objective
  bool minimize = true;
  std::uint64_t seed = 0;
  int repeats = 1;      ///< how often each trial is trained
  std::string text;     ///< the study file's
  std::string version;  ///< of coppice
};

class Recorder {
 public:
  explicit Recorder(RecordedStudy study);

  /// A process began to write, at this time of day, with these libraries and this environment.
  void start(std::int64_t unix_s, const std::string& slurm_job, const NamedTexts& software = {},
             const NamedTexts& environment = {});
  /// An accepted event, at this running time, and what came of it. In the order of the journal.
  void apply(double time_s, const Event& event, const Effects& effects);
  /// What a start cost that came to an orderly end.
  void costs(const RecordCosts& costs) { tables_.attributes.costs.add(costs); }
  /// How much of the journal all of this was.
  void journal_bytes(std::uint64_t bytes) {
    tables_.attributes.journal_bytes = static_cast<std::int64_t>(bytes);
  }

  const Tables& tables() const { return tables_; }

 private:
  enum class Standing : std::uint8_t { kProposing, kWaiting, kRunning, kPaused, kOver };
  struct Segment {
    TrialId trial = kNoTrial;
    WorkerId worker = 0;
    Step from = 0;  ///< of the state that it was told to begin with; 0: from scratch
    std::optional<Step>
        held;  ///< its worker's host may still stand here with it, and then goes on from there
    Step until = 0;
    double began_s = 0;
  };
  /// What a worker's host has in memory after a segment.
  struct Held {
    TrialId trial = kNoTrial;
    Step step = 0;
  };

  void on(const Begun& event);
  void on(const WorkerUp& event);
  void on(const WorkerLost& event);
  void on(const Proposed& event);
  void on(const Reported& event);
  void on(const Saved& event);
  void on(const CheckpointLost&) {}
  void on(const SegmentEnded& event);
  void on(const SegmentFailed& event);
  void on(const StopRequested&) {}
  void on(const BackedOff&) {}
  void on(const TimeLeft&) {}
  void on(const GivenUp&);
  void on(const Decision& decision, const Event& cause);
  void on(const Propose& command);
  void on(const Run& command);
  void on(const Stop&) {}
  void on(const Drop&) {}
  void on(const Finish& command);
  void on(const BackOff&) {}

  void add_report(const Reported& event, const Metrics& metrics, std::int64_t repeat);
  void add_trial(const Decision& decision);
  void set_params(TrialId trial, const Values& params);
  void copy_params(TrialId from, TrialId to);
  void set_standing(TrialId trial, Standing standing, std::string_view state);
  void end_trial(TrialId trial, std::string_view state);
  void add_segment(SegmentId id, TrialId trial, WorkerId worker, Step to, const SegmentTimes& times);
  template <class Lost>
  void lose_segments(Lost lost);
  std::size_t metric_column(const std::string& metric);

  RecordedStudy study_;
  Tables tables_;
  double time_s_ = 0;        ///< of the last entry
  double started_at_s_ = 0;  ///< running time when this incarnation began
  std::int64_t started_unix_s_ = 0;
  std::vector<Standing> standing_;  ///< by trial
  std::map<SegmentId, Segment> running_;
  std::unordered_map<WorkerId, Held> held_;
  std::unordered_map<RequestId, TrialId> requests_;
  std::unordered_map<std::string, std::size_t> metric_columns_;
  std::size_t metric_name_bytes_ = 0;
};

}  // namespace coppice
