#include "cli/lead.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "cli/catalogs.hpp"
#include "cli/checkpoint_folder.hpp"
#include "cli/clock.hpp"
#include "cli/first_host.hpp"
#include "cli/stopped_early.hpp"
#include "cluster/slurm.hpp"
#include "core/end_of_allocation.hpp"
#include "report/summary.hpp"
#include "results/h5_reader.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "spec/identity.hpp"
#include "spec/load_study.hpp"

namespace coppice {

Lead::Lead(const RunOptions& options, Spawner& spawner, Conclusion& conclusion)
    : spec_(load_study(options.study, options.set, options.seed, make_catalogs())),
      spawner_(spawner),
      conclusion_(conclusion),
      quiet_(options.quiet),
      directory_(
          std::filesystem::absolute(options.output.value_or(std::filesystem::path("results") / spec_.name))),
      checkpoints_(checkpoint_folder(spec_, directory_)),
      assembly_(assemble(spec_)),
      recorder_(recorded_study(spec_)),
      results_(directory_),
      changes_{options.set, options.seed.has_value()},
      study_file_(options.study) {
  owner_ = take_directory(directory_, options.fresh);
  claim_checkpoints(checkpoints_, directory_);
  try {
    conclusion_.own(directory_);
    read_journal(options.fresh);
    if (!nothing_to_do_) {
      ask_for_the_end();
      start_explorer();
    }
  } catch (...) {
    conclusion_.tell(std::current_exception());  // while the directory is still ours
    throw;
  }
}

void Lead::read_journal(bool fresh) {
  const auto path = directory_ / "study.journal";
  const auto keep_results_of_more = [this] {
    if (const auto lost = keep_results_ahead(directory_, history_.end))
      fmt::print(stderr, "coppice: {}\n", *lost);
  };
  // The results of a study whose journal is gone are all that is left of it.
  if (fresh || !std::filesystem::exists(path)) return keep_results_of_more();
  JournalReader reader(path);
  if (reader.empty()) return keep_results_of_more();
  journal_exists_ = true;
  if (const auto difference = first_difference(reader.header().identity, spec_.identity)) {
    throw UserError(fmt::format("{} holds another study: {}; choose another directory with -o",
                                directory_.string(), *difference));
  }
  if (reader.decision_version() != kDecisionVersion) {
    throw UserError(fmt::format(
        "{} was begun by a coppice that decides differently (decision version {}, this one has {}): go on "
        "with coppice {}, or start anew with -o",
        directory_.string(), reader.decision_version(), kDecisionVersion, reader.header().version));
  }
  history_ =
      replay_history(reader, assembly_.study.get(),
                     {[this](const JournalStart& start) {
                        recorder_.start(start.unix_s, start.slurm_job, start.software, start.environment);
                      },
                      [this](const JournalEntry& entry) {
                        recorder_.apply(entry.time_s, entry.event, entry.effects);
                        count_transfer(entry.event);
                        next_seq_ = entry.seq + 1;
                      },
                      [this](const RecordCosts& costs) { recorder_.costs(costs); }});
  if (history_.torn) {
    fmt::print(stderr, "coppice: {}: cut{}\n", to_text(*history_.torn),
               history_.torn->whole_records == 0 ? "; nothing acknowledged is lost" : "");
  }
  keep_results_of_more();
  const auto& finish = assembly_.study->finish();
  nothing_to_do_ = finish && finish->outcome == Outcome::kFinished && history_.last_start &&
                   history_.last_start->budget == budget_text(spec_);
}

/// What only the program itself can tell: whether it can do what the study asks of it.
void Lead::require_fitting(const HostReady& ready) const {
  if (!ready.can_save && clones(spec_)) {
    throw UserError(
        fmt::format("{} copies the state of trials, and this trainable can't save one: write it as a "
                    "coppice.Trainable with save and load, or take another scheduler",
                    spec_.scheduler.name));
  }
  if (ready.form == HostForm::kTrainable && assembly_.study->settings().steps_per_trial == kOpenEnd &&
      !find_scheduler(spec_.scheduler.name)->open_ended) {
    throw UserError(
        "budget.steps_per_trial is missing: a Trainable trains step by step; how many is a trial to have?");
  }
}

/// Its imports may take as long as those of the first trial host, beside which it starts.
void Lead::start_explorer() {
  if (spec_.scheduler.options.program("explore") == nullptr) return;
  user_explorer_ = std::make_unique<UserExplorer>(spec_, std::move(assembly_.explorer), spawner_,
                                                  directory_ / "logs" / "explorer.log");
}

void Lead::await_explorer(StopSignals& signals) {
  if (!user_explorer_) return;
  const std::string trouble =
      user_explorer_->await_start([&](double wait_s) { end_at_signal(signals, wait_s); });
  if (trouble.empty()) return;
  throw SpecError(place_in_study(study_file_, changes_.set, "scheduler.explore"),
                  "scheduler.explore does not start: " + trouble);
}

RepeatedHost Lead::start_first_host(const WorkerPlace& place, StopSignals& signals) {
  return start_host(spawner_, welcome_to(spec_, directory_, checkpoints_), place, signals,
                    [this](const HostReady& ready) { require_fitting(ready); });
}

void Lead::begin(Transport& transport, int workers, double now_s) {
  workers_ = workers;
  const auto path = directory_ / "study.journal";
  if (journal_exists_) {
    if (history_.torn) cut_journal(path, history_.end);
    journal_ = JournalWriter::append_to(path, history_.end);
  } else {
    journal_ = JournalWriter::create(path, kDecisionVersion, journal_header(spec_, changes_));
  }
  write_study_file(directory_, spec_, changes_);
  const JournalStart start = journal_start(spec_, assembly_.study->incarnation() + 1, checkpoints_);
  journal_->append(start);
  recorder_.start(start.unix_s, start.slurm_job, start.software, start.environment);
  owner_->set_incarnation(start.incarnation);
  conclusion_.began(start.incarnation);
  sweep_checkpoints(checkpoints_, assembly_.study->checkpoints());
  if (const auto missing = missing_checkpoints(checkpoints_, assembly_.study->checkpoints()); missing > 0) {
    fmt::print(
        stderr,
        "coppice: {} checkpoint{} that the journal knows {} not in {}: what needs one goes on from an older "
        "one or begins anew\n",
        missing, missing == 1 ? "" : "s", missing == 1 ? "is" : "are", checkpoints_.string());
  }

  CoordinatorSettings settings;
  settings.welcome = welcome_to(spec_, directory_, checkpoints_);
  settings.checkpoints = checkpoints_;
  settings.wall_time_s = spec_.budget.wall_time_s;
  settings.time_before_s = history_.time_s;
  settings.rank_0_works = workers == transport.size();
  settings.stop_s = spec_.timeouts.stop_s;
  settings.ends_at_s = ends_at_s_ = end_of_allocation(now_s);
  ProposerSettings proposing;
  if (spec_.deterministic.enabled) proposing.deadline_s.reset();
  proposing.lag = assembly_.study->settings().lag;
  proposing.ahead = !spec_.deterministic.enabled && !clones(spec_);
  const auto planned = planned_trials(spec_);
  proposing.trials = planned ? planned : spec_.budget.trials;
  Proposer::Explorer explorer = std::move(assembly_.explorer);
  asked_ = user_explorer_.get();
  if (user_explorer_) explorer = std::move(user_explorer_);
  proposer_ = std::make_unique<Proposer>(std::move(assembly_.sampler), std::move(explorer),
                                         make_sampler("random", {}, spec_.space, spec_.seed), proposing);
  for (const Trial& trial : assembly_.study->board().trials()) {
    if (trial.has_params()) proposer_->tell(trial);
  }
  coordinator_ = std::make_unique<Coordinator>(
      settings, *assembly_.study, *proposer_, transport,
      [this](double time_s, const Event& event, const Effects& effects) {
        record(time_s, event, effects);
        return journal_->size_bytes();
      },
      [this] { return journal_->durable_bytes(); });
  ProgressLimits limits{proposing.trials, spec_.budget.wall_time_s, false};
  limits.population = clones(spec_);
  progress_ = std::make_unique<Progress>(limits, quiet_);
  const BudgetSpec& budget = spec_.budget;
  Begun begun{start.incarnation, budget.trials,
              budget.target,     !budget.trials && !budget.target && !budget.wall_time_s,
              spec_.retries,     spec_.checkpoints.keep};
  begun.patience = spec_.patience;
  coordinator_->begin(begun, now_s);
}

void Lead::ask_for_the_end() {
  try {
    allocation_end_unix_s_ = allocation_end_unix_s();
  } catch (const std::invalid_argument& error) {
    throw UserError(error.what());
  }
}

/// In the clock of `now_s`. An end that has passed is one of another allocation: its variable was inherited.
std::optional<double> Lead::end_of_allocation(double now_s) const {
  if (!allocation_end_unix_s_) return std::nullopt;
  const double unix_now_s =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double left_s = static_cast<double>(*allocation_end_unix_s_) - unix_now_s;
  if (left_s > 0) return now_s + left_s;
  fmt::print(stderr, "coppice: the allocation should have ended {:.0f} s ago: its end is taken for unknown\n",
             -left_s);
  return std::nullopt;
}

void Lead::record(double time_s, const Event& event, const Effects& effects) {
  const double began_s = steady_s();
  if (const auto* lost = std::get_if<WorkerLost>(&event)) {
    fmt::print(stderr, "coppice: worker {} is lost: {}; what it had in hand goes on elsewhere\n",
               lost->worker, lost->reason);
  }
  if (const auto* stop = std::get_if<StopRequested>(&event);
      stop != nullptr && stop->cause != StopCause::kNoWorker) {
    fmt::print(stderr, "\ncoppice: {}: stopping in order; running segments end with a checkpoint\n",
               stop->reason);
  }
  if (!owner_->still_ours()) {
    throw JournalError(
        fmt::format("{} was taken over by another run, which found this one silent: ending at once",
                    directory_.string()));
  }
  journal_->append(JournalEntry{next_seq_++, time_s, event, effects});
  recorder_.apply(time_s, event, effects);
  count_transfer(event);
  record_s_ += steady_s() - began_s;
}

void Lead::count_transfer(const Event& event) {
  if (const auto* ended = std::get_if<SegmentEnded>(&event))
    transferred_bytes_ += ended->times.transfer_bytes;
  if (const auto* failed = std::get_if<SegmentFailed>(&event))
    transferred_bytes_ += failed->times.transfer_bytes;
}

void Lead::tick(double now_s) {
  coordinator_->tick(now_s);
  const double time_s = coordinator_->running_time_s(now_s);
  progress_->update(*assembly_.study, time_s, history_.time_s, workers_);
  results_.collect(false);
  if (written_seq_ != next_seq_ && results_.due(now_s)) write_results();
}

void Lead::stop_for(const std::string& signal, double now_s) {
  if (assembly_.study->halting()) return;
  // Slurm's word, and our job scripts', for a time limit that comes.
  coordinator_->request_stop(signal == "SIGUSR1" ? StopCause::kTimeLimit : StopCause::kSignal, signal, now_s);
}

void Lead::write_results() {
  written_seq_ = next_seq_;
  recorder_.journal_bytes(journal_ ? journal_->size_bytes() : history_.end);
  results_.start(recorder_, journal_.get());
}

void Lead::journal_costs(double time_s) {
  RecordCosts costs = journal_->costs();
  costs.add(results_.costs());
  costs.record_s += record_s_;
  costs.running_s = time_s - history_.time_s;
  journal_->append(costs);
  recorder_.costs(costs);
}

/// When all is written; not beyond the end of the allocation, which would take the exit status away.
void Lead::await_explorers_exit() {
  if (asked_ == nullptr) return;
  double until_s = steady_s() + kHostFarewell_s;
  if (ends_at_s_) until_s = std::min(until_s, *ends_at_s_ - EndOfAllocation::kLast_s);
  asked_->await_exit(until_s);
}

int Lead::end(double now_s) {
  if (asked_ != nullptr) asked_->shutdown();
  const double time_s = coordinator_->running_time_s(now_s);
  progress_->finish(*assembly_.study, time_s, history_.time_s, workers_);
  progress_.reset();
  journal_->sync();
  sweep_checkpoints(checkpoints_, assembly_.study->checkpoints());
  results_.collect(true);
  journal_costs(time_s);
  journal_->sync();
  write_results();
  const bool written = results_.collect(true);
  const auto& finish = assembly_.study->finish();
  const bool said = !finish || finish->outcome == Outcome::kFailed || !assembly_.study->halting();
  fmt::print("{}",
             summary_text(recorder_.tables(), directory_, transferred_bytes_, said ? "" : finish->reason));
  std::fflush(stdout);
  if (finish && finish->outcome == Outcome::kFailed) {
    fmt::print(stderr, "coppice: the study failed: {}\nWhat the trainable printed is in {}\n", finish->reason,
               (directory_ / "logs").string());
  }
  const int status = written ? coordinator_->exit_status() : 1;
  if (status == kStoppedWithWorkLeft) fmt::print("\nThere is work left: run it again, and it goes on.\n");
  std::fflush(stdout);
  conclusion_.tell(status, !written ? "study.h5 could not be written" : finish ? finish->reason : "");
  await_explorers_exit();
  return status;
}

int Lead::end_at_once() {
  // What ended it may have been killed between the journal's last record and its last writes.
  sweep_checkpoints(checkpoints_, assembly_.study->checkpoints());
  write_results();
  if (!results_.collect(true)) {
    conclusion_.tell(1, "study.h5 could not be written");
    return 1;
  }
  fmt::print("{} is finished: nothing to do. Raise its budget to go on, or look at it: coppice best {}\n",
             spec_.name, directory_.string());
  conclusion_.tell(0, "it was finished before: nothing to do");
  return 0;
}

}  // namespace coppice
