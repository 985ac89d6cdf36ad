#include "cli/lead.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "cli/catalogs.hpp"
#include "cli/checkpoint_folder.hpp"
#include "cli/clock.hpp"
#include "cli/places.hpp"
#include "cli/stopped_early.hpp"
#include "cluster/recorded_environment.hpp"
#include "cluster/slurm.hpp"
#include "coppice/version.hpp"
#include "core/check.hpp"
#include "report/summary.hpp"
#include "results/h5_reader.hpp"
#include "results/h5_writer.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "spec/identity.hpp"
#include "spec/load_study.hpp"
#include "transport/mpi.hpp"

namespace coppice {
namespace {

/// A signal that ended the first host as well may be ours a moment later.
constexpr double kSignalPatience_s = 0.2;

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string slurm_job() {
  const auto info = slurm_info();
  return info ? info->job_id : std::string();
}

std::vector<std::pair<std::string, std::string>> software() {
  utsname system{};
  ::uname(&system);
  return {{"mpi", mpi_library_version()},
          {"hdf5", hdf5_library_version()},
          {"compiler", __VERSION__},
          {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)}};
}

std::string own_executable() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

std::vector<std::string> host_command_line(const StudySpec& spec) {
  check(spec.trainable.kind != TrainableKind::kPlugin, "plugins are refused where the study is read");
  if (spec.trainable.kind == TrainableKind::kCommand) return spec.trainable.command;
  auto settings = nlohmann::json::object();
  for (const auto& [name, value] : spec.trainable.settings) settings[name] = to_text(value);
  return {own_executable(), "host",          "--builtin",         spec.trainable.builtin,
          "--settings",     settings.dump(), "--study-directory", spec.directory.string()};
}

std::string no_start_text(const HostExited& exited, const std::string& output) {
  const bool silent = exited.description == "exit status 0";
  return fmt::format(
      "the trainable does not start: {}{}{}", exited.description,
      silent ? "; it ended without a word: end it with coppice.serve(...), or say protocol: stdout" : "",
      output.empty() ? "" : "\n" + output);
}

}  // namespace

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
      overrides_(options.set),
      seed_given_(options.seed.has_value()) {
  open_directory(options.fresh);
  try {
    conclusion_.own(directory_);
    read_journal(options.fresh);
    if (!nothing_to_do_) ask_for_the_end();
  } catch (...) {
    conclusion_.tell(std::current_exception());  // while the directory is still ours
    throw;
  }
}

Lead::~Lead() {
  if (writing_.valid()) writing_.wait();
}

void Lead::open_directory(bool fresh) {
  std::error_code error;
  for (const auto& folder : {directory_, directory_ / "logs"}) {
    std::filesystem::create_directories(folder, error);
    if (error) {
      throw UserError(fmt::format("can't create {}: {}; choose another directory with -o", folder.string(),
                                  error.message()));
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      throw UserError(fmt::format("can't write in {}: {}; choose another directory with -o", folder.string(),
                                  std::generic_category().message(errno)));
    }
  }
  const auto journal = directory_ / "study.journal";
  if (fresh && std::filesystem::exists(journal) && std::filesystem::file_size(journal) > 0) {
    throw UserError(
        fmt::format("{} holds a study already, which --fresh does not overwrite; remove it, choose another "
                    "directory with -o, "
                    "or resume it without --fresh",
                    directory_.string()));
  }
  try {
    owner_ = Owner::take(directory_, slurm_job());
  } catch (const OwnerRefused& refused) {
    throw UserError(refused.what());
  }
  claim_checkpoints(checkpoints_, directory_);
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
  for (const Trial& trial : assembly_.study->board().trials()) {
    if (!trial.has_params()) continue;
    assembly_.sampler->tell(trial);
    assembly_.explorer->tell(trial);
  }
  if (history_.torn) {
    fmt::print(stderr, "coppice: {}: cut{}\n", to_text(*history_.torn),
               history_.torn->whole_records == 0 ? "; nothing acknowledged is lost" : "");
  }
  keep_results_of_more();
  const auto& finish = assembly_.study->finish();
  nothing_to_do_ = finish && finish->outcome == Outcome::kFinished && history_.last_start &&
                   history_.last_start->budget == budget_text();
}

std::string Lead::budget_text() const {
  const auto text = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string("-"); };
  return fmt::format("trials {} wall_time {} target {} patience {} {} {}", text(spec_.budget.trials),
                     text(spec_.budget.wall_time_s), text(spec_.budget.target), text(spec_.patience.trials),
                     text(spec_.patience.steps), spec_.patience.min_delta);
}

Welcome Lead::welcome() const {
  Welcome welcome;
  welcome.run_directory = directory_.string();
  welcome.study_directory = spec_.directory.string();
  welcome.command = host_command_line(spec_);
  welcome.stdout_protocol =
      spec_.trainable.kind == TrainableKind::kCommand && spec_.trainable.protocol == HostProtocol::kStdout;
  for (const Parameter& parameter : spec_.space.parameters())
    welcome.parameter_names.push_back(parameter.name);
  welcome.metric = spec_.objectives.front().metric;
  welcome.worker_timeout_s = spec_.timeouts.worker_s;
  welcome.startup_timeout_s = spec_.timeouts.startup_s;
  welcome.segment_timeout_s = spec_.timeouts.segment_s.value_or(0);
  welcome.save_every_s = spec_.checkpoints.every_s;
  welcome.checkpoint_directory = checkpoints_.string();
  welcome.memory_limit_bytes = spec_.resources.memory_per_worker_bytes.value_or(0);
  return welcome;
}

/// What only the program itself can tell: whether it can do what the study asks of it.
void Lead::require_fitting(const HostReady& ready) const {
  if (!ready.can_save && spec_.scheduler.name == "pbt") {
    throw UserError(
        "pbt copies the state of trials, and this trainable can't save one: write it as a coppice.Trainable "
        "with save and load, or take "
        "another scheduler");
  }
  if (ready.form == HostForm::kTrainable && assembly_.study->settings().steps_per_trial == kOpenEnd &&
      !find_scheduler(spec_.scheduler.name)->open_ended) {
    throw UserError(
        "budget.steps_per_trial is missing: a Trainable trains step by step; how many is a trial to have?");
  }
}

TrialHost Lead::start_first_host(const WorkerPlace& place, StopSignals& signals) {
  wait_for_device_memory(place, signals);
  TrialHost host = TrialHost::start(spawner_, host_launch(welcome(), place, 0));
  for (;;) {
    std::optional<HostReady> ready;
    // All of them before any is believed: a host may say hello and die in one breath.
    for (const HostMessage& message : host.poll()) {
      if (const auto* hello = std::get_if<HostReady>(&message)) ready = *hello;
      if (const auto* exited = std::get_if<HostExited>(&message)) {
        end_at_signal(signals, kSignalPatience_s);
        throw UserError(no_start_text(*exited, host.last_output()));
      }
    }
    if (ready) {
      require_fitting(*ready);
      return host;
    }
    end_at_signal(signals);
    std::array<pollfd, 2> waiting{{{host.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), 1000);
  }
}

void Lead::begin(Transport& transport, int workers, double now_s) {
  workers_ = workers;
  const auto path = directory_ / "study.journal";
  if (journal_exists_) {
    if (history_.torn) cut_journal(path, history_.end);
    journal_ = JournalWriter::append_to(path, history_.end);
  } else {
    JournalHeader header;
    header.name = spec_.name;
    header.seed = spec_.seed;
    header.study_text = spec_.text;
    header.identity = spec_.identity;
    header.version = kVersion;
    header.created_unix_s = unix_s();
    header.overrides = overrides_;
    header.study_directory = spec_.directory.string();
    journal_ = JournalWriter::create(path, kDecisionVersion, header);
  }
  JournalStart start;
  write_study_file();
  start.incarnation = assembly_.study->incarnation() + 1;
  start.unix_s = unix_s();
  start.host = host_name();
  start.pid = ::getpid();
  start.slurm_job = slurm_job();
  start.version = kVersion;
  start.budget = budget_text();
  start.checkpoints = checkpoints_.string();
  start.software = software();
  start.environment = recorded_environment();
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
  settings.welcome = welcome();
  settings.checkpoints = checkpoints_;
  settings.wall_time_s = spec_.budget.wall_time_s;
  settings.time_before_s = history_.time_s;
  settings.rank_0_works = workers == transport.size();
  settings.stop_s = spec_.timeouts.stop_s;
  settings.ends_at_s = end_of_allocation(now_s);
  ProposerSettings proposing;
  if (spec_.deterministic.enabled) proposing.deadline_s.reset();
  proposer_ = std::make_unique<Proposer>(std::move(assembly_.sampler), std::move(assembly_.explorer),
                                         make_sampler("random", {}, spec_.space, spec_.seed), proposing);
  coordinator_ = std::make_unique<Coordinator>(
      settings, *assembly_.study, *proposer_, transport,
      [this](double time_s, const Event& event, const Effects& effects) {
        record(time_s, event, effects);
        return journal_->size_bytes();
      },
      [this] { return journal_->durable_bytes(); });
  ProgressLimits limits{spec_.budget.trials, spec_.budget.wall_time_s, false};
  if (const auto planned = planned_trials(spec_)) limits.trials = planned;
  limits.population = spec_.scheduler.name == "pbt";
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

/// DIR/study.yaml: the study as this incarnation runs it.
void Lead::write_study_file() const {
  const auto temporary = directory_ / "study.yaml.tmp";
  std::ofstream file(temporary, std::ios::binary);
  file << spec_.text;
  if (!spec_.text.ends_with('\n')) file << '\n';
  for (const std::string& override : overrides_) file << "# --set " << override << '\n';
  if (seed_given_) file << "# --seed " << spec_.seed << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, directory_ / "study.yaml", error);
  if (!file || error) {
    throw std::runtime_error(
        fmt::format("can't write {} ({} bytes)", (directory_ / "study.yaml").string(), spec_.text.size()));
  }
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
  costs_.record_s += steady_s() - began_s;
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
  collect_write(false);
  if (!writing_.valid() && written_seq_ != next_seq_ && schedule_.due(now_s)) write_results();
}

void Lead::stop_for(const std::string& signal, double now_s) {
  if (assembly_.study->halting()) return;
  // Slurm's word, and our job scripts', for a time limit that comes.
  coordinator_->request_stop(signal == "SIGUSR1" ? StopCause::kTimeLimit : StopCause::kSignal, signal, now_s);
}

void Lead::write_results() {
  const double began_s = steady_s();  // the copy is part of the cost
  written_seq_ = next_seq_;
  recorder_.journal_bytes(journal_ ? journal_->size_bytes() : history_.end);
  writing_ = std::async(std::launch::async, [tables = recorder_.tables(), directory = directory_,
                                             journal = journal_.get(), began_s] {
    WriteOutcome outcome;
    outcome.began_s = began_s;
    try {
      // What study.h5 says is then never news to the journal, whatever dies.
      if (journal != nullptr) journal->sync();
      outcome.error = write_study(tables, directory);
    } catch (const JournalError& error) {
      outcome.error = error.what();
    }
    std::error_code ignored;
    if (!outcome.error)
      outcome.bytes = static_cast<std::int64_t>(std::filesystem::file_size(results_file(directory), ignored));
    outcome.ended_s = steady_s();
    return outcome;
  });
  costs_.results_copy_s += steady_s() - began_s;
}

void Lead::journal_costs(double time_s) {
  RecordCosts costs = journal_->costs();
  costs.add(costs_);
  costs.running_s = time_s - history_.time_s;
  journal_->append(costs);
  recorder_.costs(costs);
}

bool Lead::collect_write(bool wait) {
  if (!writing_.valid()) return true;
  if (!wait && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return true;
  const WriteOutcome outcome = writing_.get();
  schedule_.wrote(outcome.began_s, outcome.ended_s);
  ++costs_.results_writes;
  costs_.results_bytes += outcome.bytes;
  costs_.results_s += outcome.ended_s - outcome.began_s;
  if (outcome.error && !results_fail_) {  // once, not each time that it is tried again
    fmt::print(
        stderr,
        "coppice: {}; the journal has everything: it is tried again, and coppice recover rebuilds study.h5\n",
        *outcome.error);
  } else if (!outcome.error && results_fail_) {
    fmt::print(stderr, "coppice: {} can be written again\n", results_file(directory_).string());
  }
  results_fail_ = outcome.error.has_value();
  return !outcome.error;
}

int Lead::end(double now_s) {
  const double time_s = coordinator_->running_time_s(now_s);
  progress_->finish(*assembly_.study, time_s, history_.time_s, workers_);
  progress_.reset();
  journal_->sync();
  sweep_checkpoints(checkpoints_, assembly_.study->checkpoints());
  collect_write(true);
  journal_costs(time_s);
  journal_->sync();
  write_results();
  const bool written = collect_write(true);
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
  return status;
}

int Lead::end_at_once() {
  // What ended it may have been killed between the journal's last record and its last writes.
  sweep_checkpoints(checkpoints_, assembly_.study->checkpoints());
  write_results();
  if (!collect_write(true)) {
    conclusion_.tell(1, "study.h5 could not be written");
    return 1;
  }
  fmt::print("{} is finished: nothing to do. Raise its budget to go on, or look at it: coppice best {}\n",
             spec_.name, directory_.string());
  conclusion_.tell(0, "it was finished before: nothing to do");
  return 0;
}

}  // namespace coppice
