/// What it costs to lose nothing: the journal and study.h5 of one start of a study, or of several together.
/// Descriptive: no decision depends on it. A value.
#pragma once

#include <algorithm>
#include <cstdint>

namespace coppice {

/// Seconds are those of threads beside the coordinator's unless said otherwise.
struct RecordCosts {
  double running_s = 0;            ///< since the start
  double record_s = 0;             ///< the coordinator's, for all that it does with an accepted event
  std::int64_t appends = 0;        ///< records
  std::int64_t journal_bytes = 0;  ///< of them
  double append_s = 0;             ///< the coordinator's, within record_s
  std::int64_t commits = 0;        ///< times that records were made durable
  double commit_s = 0;
  double commit_p99_s = 0;  ///< 99 of 100 commits took at most that
  double commit_max_s = 0;
  std::int64_t results_writes = 0;  ///< of study.h5
  std::int64_t results_bytes = 0;
  double results_s = 0;
  double results_copy_s = 0;  ///< the coordinator's, within results_s: it copies the tables for the writer

  /// As a whole: sums, and of commit_p99_s and commit_max_s the largest.
  void add(const RecordCosts& other) {
    running_s += other.running_s;
    record_s += other.record_s;
    appends += other.appends;
    journal_bytes += other.journal_bytes;
    append_s += other.append_s;
    commits += other.commits;
    commit_s += other.commit_s;
    commit_p99_s = std::max(commit_p99_s, other.commit_p99_s);
    commit_max_s = std::max(commit_max_s, other.commit_max_s);
    results_writes += other.results_writes;
    results_bytes += other.results_bytes;
    results_s += other.results_s;
    results_copy_s += other.results_copy_s;
  }
};

}  // namespace coppice
