/// Writing study.h5 while a study runs: from a copy, on a thread of its own, one write at a time, as often as
/// the schedule allows.
///
/// Failure: told on stderr once, and tried again at the next write. One thread; waits for a write under way
/// when destroyed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>

#include "core/costs.hpp"
#include "journal/writer.hpp"
#include "results/schedule.hpp"
#include "results/table.hpp"

namespace coppice {

class Recorder;

class ResultsWriting {
 public:
  explicit ResultsWriting(std::filesystem::path directory) : directory_(std::move(directory)) {}
  ~ResultsWriting();
  ResultsWriting(const ResultsWriting&) = delete;
  ResultsWriting& operator=(const ResultsWriting&) = delete;

  bool due(double now_s) const { return !writing_.valid() && schedule_.due(now_s); }
  /// Begins to write what `recorder` knows now. Makes `journal` durable first, where there is one: it
  /// outlives the write. Precondition: none is under way.
  void start(const Recorder& recorder, JournalWriter* journal);
  /// Takes in what became of the write under way, if it is done; `wait`s for it. False if it failed.
  bool collect(bool wait);
  const RecordCosts& costs() const { return costs_; }

 private:
  struct Outcome {
    std::optional<std::string> error;
    std::int64_t bytes = 0;
    double began_s = 0;
    double ended_s = 0;
  };

  std::filesystem::path directory_;
  WriteSchedule schedule_;
  std::future<Outcome> writing_;
  bool failing_ = false;  ///< the last write did
  RecordCosts costs_;
};

}  // namespace coppice
