/// The progress of a study on the terminal: one line with a bar that is drawn over where there is a terminal,
/// else a plain line now and then. Writes to stderr, so that stdout stays free for results. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/study.hpp"

namespace coppice {

/// How far a study is, between 0 and 1, by whichever limit is nearest; nothing where no limit tells.
struct ProgressLimits {
  std::optional<std::int64_t> trials;  ///< trials from scratch; the population in PBT
  std::optional<double> wall_time_s;
  bool population = false;  ///< members advance together towards steps_per_trial
};
/// How far a population is on its way to step `limit`, between 0 and 1: the mean of its `members` that have
/// trained it all, train, or are still to begin. One whose last trial ended before and was not followed, as
/// those that ipbt leaves behind, neither holds the others up nor counts as their work. What a trial that
/// began afresh in a stopped one's place was spared counts as done.
double population_done(const Board& board, std::int64_t members, Step limit);

std::optional<double> fraction_done(const Study& study, const ProgressLimits& limits, double running_s);

/// "1:02:03", or "2:03" below an hour.
std::string clock_text(double seconds);

class Progress {
 public:
  Progress(ProgressLimits limits, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Draws if it is time to. `since_s`: running time at which this incarnation began.
  void update(const Study& study, double running_s, double since_s, int workers);
  /// The last line stays.
  void finish(const Study& study, double running_s, double since_s, int workers);

 private:
  std::string line(const Study& study, double running_s, double since_s, int workers) const;
  void draw(const std::string& line);

  ProgressLimits limits_;
  bool quiet_;
  bool terminal_;
  double next_s_ = 0;
  double interval_s_;
  bool drawn_ = false;
  bool finished_ = false;
  double fraction_at_start_ = -1;
};

}  // namespace coppice
