#include "cli/results_writing.hpp"

#include <fmt/format.h>

#include <chrono>
#include <system_error>

#include "cli/clock.hpp"
#include "results/h5_reader.hpp"
#include "results/h5_writer.hpp"
#include "results/recorder.hpp"

namespace coppice {

ResultsWriting::~ResultsWriting() {
  if (writing_.valid()) writing_.wait();
}

void ResultsWriting::start(const Recorder& recorder, JournalWriter* journal) {
  const double began_s = steady_s();  // the copy is part of the cost
  writing_ =
      std::async(std::launch::async, [tables = recorder.tables(), directory = directory_, journal, began_s] {
        Outcome outcome;
        outcome.began_s = began_s;
        try {
          // What study.h5 says is then never news to the journal, whatever dies.
          if (journal != nullptr) journal->sync();
          outcome.error = write_study(tables, directory);
        } catch (const JournalError& error) {
          outcome.error = error.what();
        }
        std::error_code ignored;
        if (!outcome.error) {
          outcome.bytes =
              static_cast<std::int64_t>(std::filesystem::file_size(results_file(directory), ignored));
        }
        outcome.ended_s = steady_s();
        return outcome;
      });
  costs_.results_copy_s += steady_s() - began_s;
}

bool ResultsWriting::collect(bool wait) {
  if (!writing_.valid()) return true;
  if (!wait && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return true;
  const Outcome outcome = writing_.get();
  schedule_.wrote(outcome.began_s, outcome.ended_s);
  ++costs_.results_writes;
  costs_.results_bytes += outcome.bytes;
  costs_.results_s += outcome.ended_s - outcome.began_s;
  if (outcome.error && !failing_) {  // once, not each time that it is tried again
    fmt::print(
        stderr,
        "coppice: {}; the journal has everything: it is tried again, and coppice recover rebuilds study.h5\n",
        *outcome.error);
  } else if (!outcome.error && failing_) {
    fmt::print(stderr, "coppice: {} can be written again\n", results_file(directory_).string());
  }
  failing_ = outcome.error.has_value();
  return !outcome.error;
}

}  // namespace coppice
