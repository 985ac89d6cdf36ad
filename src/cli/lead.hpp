/// Rank 0's part of a run beside the coordinator itself: the study, its directory, its journal and results,
/// what the terminal shows.
///
/// Construction does everything that can find the user at fault, before any training: it throws SpecError or
/// UserError. Ownership: owns all of it; borrows the spawner. One thread, and one that writes study.h5 from a
/// copy.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/assemble.hpp"
#include "cli/commands.hpp"
#include "cli/conclusion.hpp"
#include "cli/history.hpp"
#include "cli/progress.hpp"
#include "cli/results_writing.hpp"
#include "cli/run_directory.hpp"
#include "cli/user_explorer.hpp"
#include "cluster/signals.hpp"
#include "coordinator/coordinator.hpp"
#include "journal/owner.hpp"
#include "journal/writer.hpp"
#include "results/recorder.hpp"
#include "spec/study_spec.hpp"
#include "worker/repeated_host.hpp"
#include "worker/worker_place.hpp"

namespace coppice {

class Lead {
 public:
  /// `conclusion` outlives it, and is told how the run ended.
  Lead(const RunOptions& options, Spawner& spawner, Conclusion& conclusion);

  /// The study was finished before, and its budget has not grown: there is nothing to do.
  bool nothing_to_do() const { return nothing_to_do_; }
  const StudySpec& spec() const { return spec_; }
  const std::filesystem::path& directory() const { return directory_; }

  /// Before `begin`. The host is to be given to this rank's worker. Throws as start_host does.
  RepeatedHost start_first_host(const WorkerPlace& place, StopSignals& signals);

  /// Before `begin`. Waits until the user's explorer, if the study names one, is ready. Throws SpecError if
  /// it doesn't start, StoppedEarly at a signal.
  void await_explorer(StopSignals& signals);

  void begin(Transport& transport, int workers, double now_s);
  void on_message(const Message& message, double now_s) { coordinator_->on_message(message, now_s); }
  void tick(double now_s);
  /// Readable where tick() has something to do at once; -1: none.
  std::array<int, 2> fds() const { return {proposer_->fd(), proposer_->explorer_fd()}; }
  void stop_for(const std::string& signal, double now_s);
  bool over() const { return coordinator_->over(); }
  /// No rank is lost, so that all of them can end together.
  bool all_here() const { return !coordinator_ || coordinator_->all_here(); }
  /// Makes everything durable and says how it went. Returns the exit status.
  int end(double now_s);
  /// The same where there is nothing to do.
  int end_at_once();

 private:
  void read_journal(bool fresh);
  void ask_for_the_end();
  void start_explorer();
  void await_explorers_exit();
  std::optional<double> end_of_allocation(double now_s) const;
  void record(double time_s, const Event& event, const Effects& effects);
  void count_transfer(const Event& event);
  void write_results();
  void journal_costs(double time_s);
  void require_fitting(const HostReady& ready) const;

  StudySpec spec_;
  Spawner& spawner_;
  Conclusion& conclusion_;
  bool quiet_;
  std::filesystem::path directory_;
  std::filesystem::path checkpoints_;
  std::unique_ptr<Owner> owner_;
  Assembly assembly_;
  Recorder recorder_;
  RunHistory history_;
  bool journal_exists_ = false;
  bool nothing_to_do_ = false;
  std::optional<std::int64_t> allocation_end_unix_s_;
  std::unique_ptr<JournalWriter> journal_;
  std::uint64_t next_seq_ = 0;
  std::uint64_t written_seq_ =
      0;  ///< entries before it are in the study.h5 that was written or is being written
  std::unique_ptr<Proposer> proposer_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Progress> progress_;
  ResultsWriting results_;  ///< after the journal, which a write under way makes durable
  double record_s_ = 0;     ///< spent on accepted events
  StudyChanges changes_;
  std::filesystem::path study_file_;
  std::unique_ptr<UserExplorer> user_explorer_;  ///< until `begin`, where the study names one
  UserExplorer* asked_ = nullptr;                ///< the same from then on; the proposer's
  std::optional<double> ends_at_s_;              ///< the allocation, in the clock of `begin`
  int workers_ = 0;
  std::int64_t transferred_bytes_ = 0;
};

}  // namespace coppice
