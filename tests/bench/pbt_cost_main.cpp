// Prints what a decision of pbt costs: the time of one call of `next`, and of what it is told in between,
// with a population that trains on fewer workers than it has members.
//
//     pbt_cost [POPULATION [WORKERS]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

#include "coppice/rng.hpp"
#include "schedulers/catalog.hpp"

namespace coppice {
namespace {

constexpr Step kSteps = 40;

/// Study's part, without hyperparameters and messages. All states are there.
class Context final : public SchedulerContext {
 public:
  const Board& board() const override { return board_; }
  std::uint64_t seed() const override { return 1; }
  double value_of(Score score) const override { return score; }
  std::optional<std::int64_t> max_trials() const override { return std::nullopt; }
  bool endless() const override { return true; }
  bool has_checkpoint(TrialId trial, Step step) const override { return states_.contains({trial, step}); }
  void hold(TrialId, Step) override {}
  void release(TrialId, Step) override {}
  void stop(TrialId trial, std::string, TrialId) override { board_.edit(trial).state = TrialState::kStopped; }

  TrialId begin(MemberId member, std::optional<Origin> origin, Step until) {
    Trial& trial = board_.add(member, origin);
    trial.until = until;
    return trial.id;
  }
  void reach(TrialId id, Score score) {
    Trial& trial = board_.edit(id);
    board_.report(id, trial.until, score);
    trial.stands_at = trial.until;
    trial.state = trial.until == kSteps ? TrialState::kComplete : TrialState::kPaused;
    states_.insert({id, trial.until});
  }
  void go_on(TrialId id, Step until) { board_.edit(id).until = until; }

 private:
  Board board_;
  std::set<std::pair<TrialId, Step>> states_;
};

double quantile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void measure(std::int64_t population, int workers, bool synchronous) {
  Options options;
  options.set("population", population);
  options.set("interval", std::int64_t{2});
  options.set("synchronous", synchronous);
  SchedulerSetup setup;
  setup.steps_per_trial = kSteps;
  const auto scheduler = find_scheduler("pbt")->make(options, setup);
  Context context;
  Rng rng(1, Purpose::kSimulate, 0);
  std::vector<double> asked_us;
  std::vector<double> told_us;
  const auto time = [](std::vector<double>& us, auto&& call) {
    const auto began = std::chrono::steady_clock::now();
    auto result = call();
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count());
    return result;
  };
  std::vector<std::pair<TrialId, WorkerId>> training;
  std::vector<WorkerId> idle;
  for (WorkerId worker = 0; worker < workers; ++worker) idle.push_back(worker);
  while (true) {
    while (!idle.empty()) {
      const WorkerId worker = idle.back();
      const auto work = time(asked_us, [&] { return scheduler->next(context, worker); });
      if (!work) break;
      idle.pop_back();
      if (const auto* fresh = std::get_if<NewTrial>(&*work)) {
        training.emplace_back(context.begin(fresh->member, std::nullopt, fresh->until), worker);
      } else if (const auto* more = std::get_if<Continue>(&*work)) {
        context.go_on(more->trial, more->until);
        training.emplace_back(more->trial, worker);
      } else {
        const Clone& clone = std::get<Clone>(*work);
        training.emplace_back(context.begin(clone.member, clone.origin, clone.until), worker);
      }
    }
    if (training.empty()) break;
    const auto done = training.begin() + static_cast<std::ptrdiff_t>(rng.below(training.size()));
    context.reach(done->first, rng.uniform());
    idle.push_back(done->second);
    const TrialId trial = done->first;
    training.erase(done);
    time(told_us, [&] {
      scheduler->on_reached(context, trial);
      return 0;
    });
  }
  std::printf(
      "%-13s %6lld members %4d workers %7zu decisions: next %6.2f us (99 %%: %6.2f), on_reached %6.2f us\n",
      synchronous ? "synchronous" : "asynchronous", static_cast<long long>(population), workers,
      asked_us.size(), quantile(asked_us, 0.5), quantile(asked_us, 0.99), quantile(told_us, 0.5));
}

}  // namespace
}  // namespace coppice

int main(int argc, char** argv) {
  const std::int64_t population = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int workers = argc > 2 ? std::atoi(argv[2]) : 64;
  if (population < 1 || workers < 1) {
    std::fprintf(stderr, "usage: pbt_cost [POPULATION [WORKERS]]\n");
    return 2;
  }
  coppice::measure(population, workers, false);
  coppice::measure(population, workers, true);
}
