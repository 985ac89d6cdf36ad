// Prints what the decisions of schedulers cost: the time of one call of `next`, and of what they are told in
// between, without Study and without workers. A study of so many trials (pbt: members) is played on 64
// workers in a random order; calls are timed from the moment when nine tenths of the trials are begun.
//
//     scheduler_cost [--check] [TRIALS…]
//
// --check: exit status 1 where a median is above 2 us with up to 10,000 trials, or above 5 us with more.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coppice/rng.hpp"
#include "schedulers/catalog.hpp"

namespace coppice {
namespace {

constexpr Step kSteps = 81;
constexpr int kWorkers = 64;

/// Study's part, without hyperparameters and messages. All states are there.
class Context final : public SchedulerContext {
 public:
  explicit Context(std::optional<std::int64_t> max_trials) : max_trials_(max_trials) {}

  const Board& board() const override { return board_; }
  std::uint64_t seed() const override { return 1; }
  double value_of(Score score) const override { return score; }
  std::optional<std::int64_t> max_trials() const override { return max_trials_; }
  bool endless() const override { return !max_trials_; }
  bool has_checkpoint(TrialId trial, Step step) const override { return states_.contains({trial, step}); }
  void hold(TrialId, Step) override {}
  void release(TrialId, Step) override {}
  void stop(TrialId trial, std::string, TrialId) override { board_.edit(trial).state = TrialState::kStopped; }

  TrialId begin(MemberId member, std::optional<Origin> origin, Step until) {
    Trial& trial = board_.add(member, origin);
    trial.until = until;
    trial.state = TrialState::kRunning;
    return trial.id;
  }
  void report(TrialId id, Step step, Score score) { board_.report(id, step, score); }
  void reach(TrialId id) {
    Trial& trial = board_.edit(id);
    trial.stands_at = trial.until;
    trial.state = trial.until == kSteps ? TrialState::kComplete : TrialState::kPaused;
    states_.insert({id, trial.until});
  }
  void go_on(TrialId id, Step until) {
    Trial& trial = board_.edit(id);
    trial.until = until;
    trial.state = TrialState::kRunning;
  }

 private:
  std::optional<std::int64_t> max_trials_;
  Board board_;
  std::set<std::pair<TrialId, Step>> states_;
};

/// Durations of one kind of call.
class Clock {
 public:
  bool runs = false;

  template <class Call>
  auto time(Call&& call) {
    const auto began = std::chrono::steady_clock::now();
    auto result = call();
    const std::chrono::duration<double, std::micro> us = std::chrono::steady_clock::now() - began;
    if (runs) us_.push_back(us.count());
    return result;
  }
  /// From 0 to 1, of what was timed; 0 where nothing was.
  double quantile(double share) {
    if (us_.empty()) return 0;
    const auto at = us_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(us_.size() - 1));
    std::nth_element(us_.begin(), at, us_.end());
    return *at;
  }

 private:
  std::vector<double> us_;
};

struct Row {
  std::string title;
  std::string scheduler;
  Options options;
};

struct Costs {
  Clock next;
  Clock reported;
  Clock reached;
};

/// Uniform at the end, with noise before it: most trials are told apart late.
Score score_of(TrialId trial, Step step) {
  Rng level(1, Purpose::kSimulate, static_cast<std::uint64_t>(trial) + 1);
  Rng noise(2, Purpose::kSimulate, static_cast<std::uint64_t>(trial) + 1, static_cast<std::uint32_t>(step));
  return level.uniform() + 0.3 * noise.normal() / std::sqrt(static_cast<double>(step));
}

Costs play(const Row& row, std::int64_t trials) {
  const bool is_pbt = row.scheduler == "pbt";
  SchedulerSetup setup;
  setup.steps_per_trial = kSteps;
  if (!is_pbt) setup.max_trials = trials;
  const auto scheduler = find_scheduler(row.scheduler)->make(row.options, setup);
  Context context(setup.max_trials);
  Rng rng(1, Purpose::kSimulate, 0);
  Costs costs;
  std::vector<TrialId> training;
  while (true) {
    costs.next.runs = costs.reported.runs = costs.reached.runs = context.board().fresh() * 10 >= trials * 9;
    while (training.size() < kWorkers) {
      const auto worker = static_cast<WorkerId>(training.size());
      const auto work = costs.next.time([&] { return scheduler->next(context, worker); });
      if (!work) break;
      if (const auto* fresh = std::get_if<NewTrial>(&*work)) {
        training.push_back(context.begin(fresh->member, std::nullopt, fresh->until));
      } else if (const auto* more = std::get_if<Continue>(&*work)) {
        context.go_on(more->trial, more->until);
        training.push_back(more->trial);
      } else {
        const Clone& clone = std::get<Clone>(*work);
        training.push_back(context.begin(clone.member, clone.origin, clone.until));
      }
    }
    if (training.empty()) break;
    std::swap(training[rng.below(training.size())], training.back());
    const TrialId id = training.back();
    // It reports where rungs are, and at its end.
    const Trial& trial = context.board().trial(id);
    Step step = 1;
    while (step <= trial.steps) step *= 3;
    step = std::min(step, trial.until);
    context.report(id, step, score_of(id, step));
    costs.reported.time([&] {
      scheduler->on_report(context, id);
      return 0;
    });
    if (trial.state == TrialState::kRunning && step == trial.until) {
      context.reach(id);
      costs.reached.time([&] {
        scheduler->on_reached(context, id);
        return 0;
      });
    }
    if (trial.state != TrialState::kRunning) training.pop_back();
  }
  return costs;
}

Options options_of(std::vector<std::pair<std::string, OptionValue>> items) {
  Options options;
  for (auto& [name, value] : items) options.set(name, std::move(value));
  return options;
}

std::vector<Row> rows_of(std::int64_t trials) {
  std::vector<Row> rows = {{"asha, promotion", "asha", {}},
                           {"asha, stopping", "asha", options_of({{"type", std::string("stopping")}})},
                           {"sha, brackets of 81", "sha", {}},
                           {"sha, one bracket", "sha", options_of({{"trials", trials}})},
                           {"hyperband", "hyperband", {}},
                           {"median", "median", {}},
                           {"percentile 25", "percentile", options_of({{"percent", std::int64_t{25}}})}};
  if (trials > 10'000) return rows;  // no population is as large
  for (const bool synchronous : {false, true}) {
    rows.push_back(
        {synchronous ? "pbt, synchronous" : "pbt", "pbt",
         options_of({{"population", trials}, {"interval", std::int64_t{4}}, {"synchronous", synchronous}})});
  }
  return rows;
}

/// Returns the median.
double print(const char* call, Clock& clock) {
  const double median = clock.quantile(0.5);
  std::printf("  %s %6.2f (%6.2f, %9.2f)", call, median, clock.quantile(0.99), clock.quantile(1));
  return median;
}

/// Returns whether a median is above the gate.
bool print(const Row& row, std::int64_t trials) {
  Costs costs = play(row, trials);
  std::printf("%-19s %7lld", row.title.c_str(), static_cast<long long>(trials));
  const double next = print("next", costs.next);
  const double reported = print("on_report", costs.reported);
  const double reached = print("on_reached", costs.reached);
  const bool missed =
      row.scheduler != "pbt" && std::max({next, reported, reached}) > (trials <= 10'000 ? 2 : 5);
  std::printf("%s\n", missed ? "  MISSED" : "");
  return missed;
}

}  // namespace
}  // namespace coppice

int main(int argc, char** argv) {
  using namespace coppice;
  std::vector<std::int64_t> sizes;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--check") == 0) {
      check = true;
    } else if (std::atoll(argv[i]) >= 2) {
      sizes.push_back(std::atoll(argv[i]));
    } else {
      std::fprintf(stderr, "usage: scheduler_cost [--check] [TRIALS >= 2 …]\n");
      return 2;
    }
  }
  if (sizes.empty()) sizes = {1'000, 10'000, 100'000};
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("microseconds per call: median (99 %%, largest)\n");
  bool missed = false;
  for (const std::int64_t trials : sizes) {
    for (const Row& row : rows_of(trials)) missed |= print(row, trials);
  }
  return check && missed ? 1 : 0;
}
