#include "cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace coppice {
namespace {

constexpr int kBarCells = 24;
constexpr double kTerminalInterval_s = 0.2;
constexpr double kFirstPlainInterval_s = 2;
constexpr double kLastPlainInterval_s = 60;

std::string bar(double fraction) {
  // Eighths of a cell.
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * kBarCells * 8));
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[eighths % 8];
  const int drawn = eighths / 8 + (eighths % 8 > 0 ? 1 : 0);
  text.append(static_cast<std::size_t>(kBarCells - drawn), ' ');
  return text;
}

/// Code points, each of which is one column here.
int columns_of(const std::string& text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string clock_text(double seconds) {
  const auto total = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  const auto hours = total / 3600;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

double population_done(const Board& board, std::int64_t members, Step limit) {
  // By trial: the population's step at which its line of descent began.
  std::vector<Step> begun(static_cast<std::size_t>(board.size()), 0);
  const auto begun_at = [&begun](TrialId trial) -> Step& { return begun[static_cast<std::size_t>(trial)]; };
  std::map<MemberId, const Trial*> last;
  for (const Trial& trial : board.trials()) {
    const Trial*& before = last[trial.member];
    if (trial.origin) {
      begun_at(trial.id) = begun_at(trial.origin->trial);
    } else if (before != nullptr && before->state == TrialState::kStopped) {
      begun_at(trial.id) = begun_at(before->id) + before->stands_at;
    }
    before = &trial;
  }
  double sum = 0;
  std::int64_t going = std::max<std::int64_t>(0, members - std::ssize(last));
  for (const auto& [member, trial] : last) {
    const bool complete = trial->state == TrialState::kComplete;
    if (is_over(trial->state) && !complete) continue;
    ++going;
    const Step steps = complete ? limit : std::min(limit, begun_at(trial->id) + trial->steps);
    sum += static_cast<double>(steps) / static_cast<double>(limit);
  }
  return going > 0 ? sum / static_cast<double>(going) : 1;
}

std::optional<double> fraction_done(const Study& study, const ProgressLimits& limits, double running_s) {
  std::optional<double> fraction;
  const auto offer = [&](double value) {
    fraction = std::max(fraction.value_or(0), std::clamp(value, 0.0, 1.0));
  };
  const Step limit = study.settings().steps_per_trial;
  const auto part = [limit](const Trial& trial) {
    if (is_over(trial.state)) return 1.0;
    return limit == kOpenEnd ? 0.0 : static_cast<double>(trial.steps) / static_cast<double>(limit);
  };
  if (limits.trials && *limits.trials > 0) {
    if (limits.population) {
      offer(population_done(study.board(), *limits.trials, limit));
    } else {
      double sum = 0;
      for (const Trial& trial : study.board().trials()) {
        if (!trial.origin) sum += part(trial);
      }
      offer(sum / static_cast<double>(*limits.trials));
    }
  }
  if (limits.wall_time_s) offer(running_s / *limits.wall_time_s);
  return fraction;
}

Progress::Progress(ProgressLimits limits, bool quiet)
    : limits_(limits),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      interval_s_(terminal_ ? kTerminalInterval_s : kFirstPlainInterval_s) {}

Progress::~Progress() {
  if (drawn_ && terminal_) fmt::print(stderr, "\n");
}

std::string Progress::line(const Study& study, double running_s, double since_s, int workers) const {
  const auto fraction = finished_ ? 1.0 : fraction_done(study, limits_, running_s);
  std::string left;
  // The time that is left, by the pace of this incarnation.
  if (fraction && fraction_at_start_ >= 0 && *fraction > fraction_at_start_ + 0.01 && *fraction < 1) {
    const double pace = (*fraction - fraction_at_start_) / std::max(1e-9, running_s - since_s);
    left = fmt::format(", {} left", clock_text((1 - *fraction) / pace));
  }
  const Incumbent& best = study.board().incumbent();
  const bool any = best.trial != kNoTrial;
  // What matters less gives way to a narrow terminal: first where the best was, then the counts, then the
  // bar.
  for (int detail = 3;; --detail) {
    std::string text;
    if (fraction) text += fmt::format("{:3.0f} % ", std::floor(*fraction * 100));
    if (fraction && terminal_ && detail > 0) text += "▕" + bar(*fraction) + "▏ ";
    text += any ? fmt::format("best {} {:.6g}", study.settings().metric, study.value_of(best.score))
                : "no value yet";
    if (any && detail > 2) text += fmt::format(" (trial {}, step {})", best.trial, best.step);
    if (detail > 1)
      text += fmt::format(" · {} trials · {}/{} busy", study.board().size(), study.running(), workers);
    text += " · " + clock_text(running_s) + left;
    if (detail == 0 || !terminal_ || columns_of(text) < terminal_columns()) return text;
  }
}

void Progress::draw(const std::string& line) {
  if (!terminal_) {
    fmt::print(stderr, "{}\n", line);
    return;
  }
  // Cut at the edge: a wrapped line could not be drawn over.
  std::string visible = line;
  while (columns_of(visible) >= terminal_columns()) visible.pop_back();
  fmt::print(stderr, "\r\033[K{}", visible);
  drawn_ = true;
}

void Progress::update(const Study& study, double running_s, double since_s, int workers) {
  if (quiet_) return;
  if (fraction_at_start_ < 0) fraction_at_start_ = fraction_done(study, limits_, since_s).value_or(0);
  if (running_s - since_s < next_s_) return;
  next_s_ = running_s - since_s + interval_s_;
  if (!terminal_) interval_s_ = std::min(kLastPlainInterval_s, interval_s_ * 2);
  draw(line(study, running_s, since_s, workers));
}

void Progress::finish(const Study& study, double running_s, double since_s, int workers) {
  if (quiet_) return;
  finished_ = study.finish() && study.finish()->outcome == Outcome::kFinished;
  draw(line(study, running_s, since_s, workers));
  if (terminal_) fmt::print(stderr, "\n");
  drawn_ = false;
}

}  // namespace coppice
