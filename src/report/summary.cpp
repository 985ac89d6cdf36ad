#include "report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string_view>

#include "report/best.hpp"

namespace coppice {
namespace {

double sum(const Table& table, std::string_view name) {
  const Column* column = table.find(name);
  if (column == nullptr) return 0;
  double total = 0;
  for (const double value : std::get<Doubles>(column->values)) {
    if (!std::isnan(value)) total += value;
  }
  return total;
}

std::string bytes_text(double bytes) {
  static constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} {}", bytes, kUnits[unit])
                   : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string seconds_text(double seconds) {
  if (seconds >= 1) return fmt::format("{:.3g} s", seconds);
  return seconds >= 0.01 ? fmt::format("{:.0f} ms", 1000 * seconds)
                         : fmt::format("{:.2g} ms", 1000 * seconds);
}

double percent(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

/// What it cost to lose nothing: shares of the running time of those starts of which it is known.
std::string costs_text(const StudyAttributes& study) {
  const RecordCosts& costs = study.costs;
  if (costs.running_s <= 0) return {};
  const double commits = static_cast<double>(std::max<std::int64_t>(1, costs.commits));
  std::string text = fmt::format(
      "  journal   {} records, {}, {:.2g} % of the time; {} commits beside it, {} on average, 99 % within "
      "{}, at most "
      "{}\n",
      costs.appends, bytes_text(static_cast<double>(costs.journal_bytes)),
      percent(costs.record_s, costs.running_s), costs.commits, seconds_text(costs.commit_s / commits),
      seconds_text(costs.commit_p99_s), seconds_text(costs.commit_max_s));
  text +=
      fmt::format("  written   study.h5 {} time{}, {}, in {:.2g} % of the time", costs.results_writes,
                  costs.results_writes == 1 ? "" : "s", bytes_text(static_cast<double>(costs.results_bytes)),
                  percent(costs.results_s, costs.running_s));
  if (study.checkpoints_written > 0) {
    text += fmt::format("; {} checkpoints, {}, in {}", study.checkpoints_written,
                        bytes_text(static_cast<double>(study.checkpoint_bytes)),
                        seconds_text(study.checkpoint_write_s));
  }
  return text + "\n";
}

std::string states_text(const Table& trials) {
  std::map<std::string, int> counts;
  for (const std::string& state : std::get<Texts>(trials.find("state")->values)) ++counts[state];
  std::string text;
  for (const auto& [state, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, state);
  return text;
}

}  // namespace

std::string short_text(const std::string& value) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  return end != value.c_str() && *end == '\0' ? fmt::format("{:.4g}", number) : value;
}

Utilisation utilisation(const Tables& tables) {
  const double train = sum(tables.segments, "train_s");
  double work = train;
  for (const char* cause : {"startup_s", "load_s", "save_s", "transfer_s"})
    work += sum(tables.segments, cause);
  const double all = work + sum(tables.segments, "wait_s") + sum(tables.segments, "failed_s");
  if (all <= 0) return {};
  return {work / all, train / all};
}

std::string summary_text(const Tables& tables, const std::filesystem::path& directory,
                         std::int64_t pulled_bytes, const std::string& reason) {
  const StudyAttributes& study = tables.attributes;
  std::string text =
      fmt::format("\n{} · {} · {} trials ({})\n{}", study.name, study.state, tables.trials.rows(),
                  states_text(tables.trials), reason.empty() ? "" : reason + "\n");
  for (const BestTrial& best : best_trials(tables, 1)) {
    text += fmt::format("\n  best {} {:.6g}: trial {}, step {}\n", study.objective, best.value, best.trial,
                        best.step);
    for (const ScheduleRow& row : best.schedule) {
      text += fmt::format("    steps {:>4} to {:<4}", row.from_step + 1, row.to_step);
      for (const auto& [name, value] : row.params) text += fmt::format("  {} {}", name, short_text(value));
      text += "\n";
    }
  }
  const Utilisation use = utilisation(tables);
  text += fmt::format("\n  workers   {}{} · busy {:.1f} % of the time, training {:.1f} %\n",
                      tables.workers.rows(),
                      study.incarnations > 1 ? fmt::format(" over {} starts", study.incarnations) : "",
                      100 * use.busy, 100 * use.trained);
  text += fmt::format("  exchanged {} of checkpoints between workers\n",
                      bytes_text(static_cast<double>(pulled_bytes)));
  text += costs_text(study);
  text += fmt::format("  results   {}\n", (directory / "study.h5").string());
  return text;
}

}  // namespace coppice
