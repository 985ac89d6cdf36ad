#include "results/recorder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "core/board.hpp"
#include "core/check.hpp"
#include "core/objectives.hpp"
#include "core/repeats.hpp"
#include "core/text.hpp"

namespace coppice {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// Text columns have the width of their longest value: one long error must not blow up all rows. The journal
/// has it in full.
constexpr std::size_t kMaxTextBytes = 512;
/// In an attribute, which has no rows.
constexpr std::size_t kMaxLineBytes = 8192;
/// HDF5 describes a table's columns in at most 64 KiB.
constexpr std::size_t kMaxMetrics = 500;
constexpr std::size_t kMaxMetricNameBytes = 16384;

/// The columns that every trial has, before the objective and the hyperparameters.
enum TrialColumn : std::size_t {
  kTrial,
  kMember,
  kState,
  kOriginTrial,
  kOriginStep,
  kSteps,
  kCreated,
  kEnded,
  kObjective
};
constexpr std::size_t kFirstParameter = kObjective + 1;
/// In /reports, where trials have repeats.
constexpr std::size_t kRepeat = 4;

Ints& ints(Table& table, std::size_t column) {
  return std::get<Ints>(table.columns[column].values);
}
Doubles& doubles(Table& table, std::size_t column) {
  return std::get<Doubles>(table.columns[column].values);
}
Texts& texts(Table& table, std::size_t column) {
  return std::get<Texts>(table.columns[column].values);
}

void append(Column& column, std::int64_t value) {
  std::get<Ints>(column.values).push_back(value);
}
void append(Column& column, double value) {
  std::get<Doubles>(column.values).push_back(value);
}
void append(Column& column, std::string_view value) {
  std::get<Texts>(column.values).push_back(clean_text(value, kMaxTextBytes));
}

/// One value for each column, of its very type.
template <class... T>
void add_row(Table& table, const T&... values) {
  std::size_t column = 0;
  (append(table.columns[column++], values), ...);
}

std::int64_t id_or_missing(TrialId trial) {
  return trial == kNoTrial ? kMissingInt : trial;
}

std::string lines_text(const NamedTexts& texts) {
  std::string lines;
  for (const auto& [name, value] : texts) {
    std::string line = fmt::format("{}={}", name, value);
    std::replace(line.begin(), line.end(), '\n', ' ');
    lines += clean_text(line, kMaxLineBytes) + '\n';
  }
  return lines;
}

std::string date_text(std::int64_t unix_s) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

Column column_for(const Parameter& parameter) {
  switch (parameter.type) {
    case ParameterType::kFloat:
      return {parameter.name, Doubles()};
    case ParameterType::kInt:
      return {parameter.name, Ints()};
    case ParameterType::kCategorical:
      return {parameter.name, Texts()};
  }
  return {parameter.name, Texts()};
}

}  // namespace

Recorder::Recorder(RecordedStudy study) : study_(std::move(study)) {
  StudyAttributes& about = tables_.attributes;
  about.name = study_.name;
  about.version = study_.version;
  about.seed = study_.seed;
  about.objective = study_.metric;
  about.direction = study_.minimize ? "minimize" : "maximize";
  about.study = study_.text;
  about.state = "running";

  tables_.trials = {"trials",
                    {{"trial", Ints()},
                     {"member", Ints()},
                     {"state", Texts()},
                     {"origin_trial", Ints()},
                     {"origin_step", Ints()},
                     {"steps", Ints()},
                     {"created_s", Doubles()},
                     {"ended_s", Doubles()},
                     {study_.metric, Doubles()}}};
  for (const Parameter& parameter : study_.space.parameters())
    tables_.trials.columns.push_back(column_for(parameter));
  tables_.reports = {"reports",
                     {{"trial", Ints()}, {"step", Ints()}, {"time_s", Doubles()}, {"worker", Ints()}}};
  if (study_.repeats > 1) tables_.reports.columns.push_back({"repeat", Ints()});
  tables_.segments = {"segments",
                      {{"trial", Ints()},
                       {"worker", Ints()},
                       {"from_step", Ints()},
                       {"to_step", Ints()},
                       {"startup_s", Doubles()},
                       {"load_s", Doubles()},
                       {"train_s", Doubles()},
                       {"save_s", Doubles()},
                       {"transfer_s", Doubles()},
                       {"wait_s", Doubles()},
                       {"failed_s", Doubles()}}};
  tables_.decisions = {"decisions",
                       {{"seq", Ints()},
                        {"time_s", Doubles()},
                        {"kind", Texts()},
                        {"trial", Ints()},
                        {"other_trial", Ints()},
                        {"step", Ints()},
                        {"reason", Texts()}}};
  tables_.workers = {"workers",
                     {{"worker", Ints()},
                      {"rank", Ints()},
                      {"host", Texts()},
                      {"device_uuid", Texts()},
                      {"device_name", Texts()}}};
  tables_.incumbent = {"incumbent",
                       {{"time_s", Doubles()}, {"trial", Ints()}, {"step", Ints()}, {"value", Doubles()}}};
}

void Recorder::start(std::int64_t unix_s, const std::string& slurm_job, const NamedTexts& software,
                     const NamedTexts& environment) {
  StudyAttributes& about = tables_.attributes;
  about.software = lines_text(software);
  about.environment = lines_text(environment);
  if (about.started.empty()) about.started = date_text(unix_s);
  if (!slurm_job.empty()) about.slurm_job_ids += (about.slurm_job_ids.empty() ? "" : " ") + slurm_job;
  about.ended.clear();
  about.state = "running";
  ++about.incarnations;
  started_unix_s_ = unix_s;
  started_at_s_ = time_s_;
}

void Recorder::apply(double time_s, const Event& event, const Effects& effects) {
  time_s_ = time_s;
  tables_.attributes.running_time_s = time_s;
  std::visit([this](const auto& e) { on(e); }, event);
  // A trial's decision comes before the commands that follow from it.
  for (const Decision& decision : effects.decisions) on(decision, event);
  for (const Command& command : effects.commands) std::visit([this](const auto& c) { on(c); }, command);
}

// ---- events ----

void Recorder::on(const Begun&) {
  lose_segments([](const Segment&) { return true; });
  held_.clear();
}

void Recorder::on(const WorkerUp& event) {
  add_row(tables_.workers, std::int64_t{event.worker}, std::int64_t{event.rank}, std::string_view(event.host),
          std::string_view(event.device_uuid), std::string_view(event.device_name));
}

void Recorder::on(const WorkerLost& event) {
  lose_segments([&event](const Segment& segment) { return segment.worker == event.worker; });
  held_.erase(event.worker);
}

void Recorder::on(const Proposed& event) {
  const auto it = requests_.find(event.request);
  check(it != requests_.end(), "a proposal answers a request");
  if (!event.exhausted) {
    set_params(it->second, event.params);
    set_standing(it->second, Standing::kWaiting, "running");
  }
  requests_.erase(it);
}

void Recorder::on(const Reported& event) {
  const RepeatedMetrics metrics = split_repeats(event.metrics, study_.repeats);
  for (std::size_t repeat = 0; repeat < metrics.repeats.size(); ++repeat)
    add_report(event, metrics.repeats[repeat], static_cast<std::int64_t>(repeat));
  add_report(event, metrics.mean, kMeanOfRepeats);
  if (const auto value = find_metric(event.metrics, study_.metric))
    doubles(tables_.trials, kObjective).at(static_cast<std::size_t>(event.trial)) = *value;
  ints(tables_.trials, kSteps).at(static_cast<std::size_t>(event.trial)) = event.step;
}

void Recorder::on(const Saved& event) {
  if (event.place != kDisk) return;
  ++tables_.attributes.checkpoints_written;
  tables_.attributes.checkpoint_bytes += event.size_bytes;
  tables_.attributes.checkpoint_write_s += event.write_s;
}

void Recorder::on(const SegmentEnded& event) {
  const auto it = running_.find(event.segment);
  const bool reached = it == running_.end() || event.done || event.step >= it->second.until;
  add_segment(event.segment, event.trial, event.worker, event.step, event.times);
  held_[event.worker] = {event.trial, event.step};
  if (reached) {
    set_standing(event.trial, Standing::kPaused, to_text(TrialState::kPaused));
  } else {
    set_standing(event.trial, Standing::kWaiting, to_text(TrialState::kReady));
  }
}

void Recorder::on(const SegmentFailed& event) {
  add_segment(event.segment, event.trial, event.worker, event.step, event.times);
  held_.erase(event.worker);
  set_standing(event.trial, Standing::kWaiting, to_text(TrialState::kReady));
}

void Recorder::on(const GivenUp&) {
  lose_segments([](const Segment&) { return true; });
}

// ---- effects ----

void Recorder::on(const Decision& decision, const Event& cause) {
  add_row(tables_.decisions, static_cast<std::int64_t>(tables_.decisions.rows()), time_s_,
          to_text(decision.kind), id_or_missing(decision.trial), id_or_missing(decision.other_trial),
          decision.step, std::string_view(decision.reason));
  switch (decision.kind) {
    case DecisionKind::kStart:
    case DecisionKind::kExploit:
    case DecisionKind::kExplore:
    case DecisionKind::kRerun:
      add_trial(decision);
      break;
    case DecisionKind::kContinue:
    case DecisionKind::kPromote:
    case DecisionKind::kRetry:
      set_standing(decision.trial, Standing::kWaiting, to_text(TrialState::kReady));
      break;
    case DecisionKind::kStop:
      end_trial(decision.trial, to_text(TrialState::kStopped));
      break;
    case DecisionKind::kComplete:
      end_trial(decision.trial, to_text(TrialState::kComplete));
      break;
    case DecisionKind::kFail:
    case DecisionKind::kVoid:
      end_trial(decision.trial, to_text(TrialState::kFailed));
      break;
    case DecisionKind::kIncumbent: {
      const auto* report = std::get_if<Reported>(&cause);
      const auto value = report != nullptr ? find_metric(report->metrics, study_.metric) : std::nullopt;
      add_row(tables_.incumbent, time_s_, decision.trial, decision.step, value.value_or(kNan));
      break;
    }
    case DecisionKind::kHalt:
      break;
  }
}

void Recorder::on(const Propose& command) {
  requests_[command.request] = command.trial;
}

void Recorder::on(const Run& command) {
  set_params(command.trial, command.params);
  set_standing(command.trial, Standing::kRunning, to_text(TrialState::kRunning));
  Segment segment{command.trial, command.worker, command.from ? command.from->checkpoint.step : 0,
                  std::nullopt,  command.until,  time_s_};
  // As the worker will decide it, see Worker::in_place.
  if (const auto it = held_.find(command.worker);
      it != held_.end() && it->second.trial == command.trial &&
      (it->second.step == command.report_after || (command.from && it->second.step == segment.from))) {
    segment.held = it->second.step;
  }
  running_[command.segment] = segment;
}

void Recorder::on(const Finish& command) {
  StudyAttributes& about = tables_.attributes;
  about.state = to_text(command.outcome);
  about.ended = date_text(started_unix_s_ + std::llround(time_s_ - started_at_s_));
  for (std::size_t trial = 0; trial < standing_.size(); ++trial) {
    if (standing_[trial] == Standing::kWaiting || standing_[trial] == Standing::kProposing) {
      set_standing(static_cast<TrialId>(trial), Standing::kPaused, to_text(TrialState::kPaused));
    }
  }
}

// ---- rows ----

void Recorder::add_report(const Reported& event, const Metrics& metrics, std::int64_t repeat) {
  Table& reports = tables_.reports;
  add_row(reports, event.trial, event.step, time_s_, std::int64_t{event.worker});
  const std::size_t rows = reports.rows();
  if (study_.repeats > 1) ints(reports, kRepeat).push_back(repeat);
  for (const auto& [metric, value] : metrics) {
    if (const std::size_t column = metric_column(metric); column != 0) {
      doubles(reports, column).resize(rows, kNan);
      doubles(reports, column).back() = value;
    }
  }
  for (const auto& [metric, column] : metric_columns_) {
    if (column != 0) doubles(reports, column).resize(rows, kNan);
  }
}

void Recorder::add_trial(const Decision& decision) {
  check(decision.trial == static_cast<TrialId>(standing_.size()), "trials are dense and begin in order");
  const bool clone = decision.kind != DecisionKind::kStart;
  standing_.push_back(Standing::kProposing);
  add_row(tables_.trials, decision.trial,
          decision.member == kNoMember ? kMissingInt : std::int64_t{decision.member},
          to_text(TrialState::kProposing), clone ? decision.other_trial : kMissingInt,
          clone ? decision.step : kMissingInt, clone ? decision.step : Step{0}, time_s_, kNan, kNan);
  for (std::size_t i = kFirstParameter; i < tables_.trials.columns.size(); ++i) {
    std::visit([](auto& values) { values.emplace_back(); }, tables_.trials.columns[i].values);
  }
  set_params(decision.trial, Values(study_.space.size()));
  if (decision.kind == DecisionKind::kRerun) copy_params(decision.other_trial, decision.trial);
}

/// Nobody proposes a rerun's.
void Recorder::copy_params(TrialId from, TrialId to) {
  for (std::size_t i = kFirstParameter; i < tables_.trials.columns.size(); ++i) {
    std::visit(
        [&](auto& values) {
          values.at(static_cast<std::size_t>(to)) = values.at(static_cast<std::size_t>(from));
        },
        tables_.trials.columns[i].values);
  }
}

void Recorder::set_params(TrialId trial, const Values& params) {
  const auto& parameters = study_.space.parameters();
  const auto row = static_cast<std::size_t>(trial);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Value value = i < params.size() ? params[i] : Value();
    const std::size_t column = kFirstParameter + i;
    if (parameters[i].type == ParameterType::kCategorical) {
      texts(tables_.trials, column).at(row) = clean_text(to_text(value), kMaxTextBytes);
    } else if (parameters[i].type == ParameterType::kInt) {
      const auto* number = std::get_if<std::int64_t>(&value);
      ints(tables_.trials, column).at(row) = number != nullptr ? *number : kMissingInt;
    } else {
      const auto* number = std::get_if<double>(&value);
      const auto* integer = std::get_if<std::int64_t>(&value);
      doubles(tables_.trials, column).at(row) = number != nullptr    ? *number
                                                : integer != nullptr ? static_cast<double>(*integer)
                                                                     : kNan;
    }
  }
}

void Recorder::set_standing(TrialId trial, Standing standing, std::string_view state) {
  Standing& before = standing_.at(static_cast<std::size_t>(trial));
  if (before == Standing::kOver) return;  // it was stopped while it trained
  before = standing;
  texts(tables_.trials, kState).at(static_cast<std::size_t>(trial)) = state;
}

void Recorder::end_trial(TrialId trial, std::string_view state) {
  set_standing(trial, Standing::kOver, state);
  doubles(tables_.trials, kEnded).at(static_cast<std::size_t>(trial)) = time_s_;
}

void Recorder::add_segment(SegmentId id, TrialId trial, WorkerId worker, Step to, const SegmentTimes& times) {
  const auto it = running_.find(id);
  std::int64_t from = kMissingInt;
  if (it != running_.end()) {
    // One that goes on in place starts nothing up. Where something was, the host had ended unasked.
    from = times.startup_s > 0 ? it->second.from : it->second.held.value_or(it->second.from);
    running_.erase(it);
  }
  add_row(tables_.segments, trial, std::int64_t{worker}, from, to, times.startup_s, times.load_s,
          times.train_s, times.save_s, times.transfer_s, times.wait_s, times.failed_s);
}

/// Nobody is left to say what such a segment's time went into: all of it is lost.
template <class Lost>
void Recorder::lose_segments(Lost lost) {
  for (auto it = running_.begin(); it != running_.end();) {
    const auto [id, segment] = *it++;
    if (!lost(segment)) continue;
    SegmentTimes times;
    times.failed_s = time_s_ - segment.began_s;
    const Step reported = ints(tables_.trials, kSteps).at(static_cast<std::size_t>(segment.trial));
    add_segment(id, segment.trial, segment.worker, std::max(segment.held.value_or(segment.from), reported),
                times);
    set_standing(segment.trial, Standing::kWaiting, to_text(TrialState::kReady));
  }
}

/// Position of a metric's column in /reports, which begins with its first report; 0: there is no room for it.
std::size_t Recorder::metric_column(const std::string& metric) {
  if (const auto it = metric_columns_.find(metric); it != metric_columns_.end()) return it->second;
  auto& columns = tables_.reports.columns;
  std::string name = clean_text(metric, kMaxTextBytes);
  while (name.empty() || tables_.reports.find(name) != nullptr) name = "metric_" + name;
  const bool room =
      metric_columns_.size() < kMaxMetrics && metric_name_bytes_ + name.size() <= kMaxMetricNameBytes;
  if (!room && metric != study_.metric) {
    ++tables_.attributes.metrics_left_out;
    return metric_columns_[metric] = 0;
  }
  metric_name_bytes_ += name.size();
  columns.push_back({std::move(name), Doubles()});
  return metric_columns_[metric] = columns.size() - 1;
}

}  // namespace coppice
