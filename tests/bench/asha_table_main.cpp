// How many trials are trained in full: synchronous halving against both types of asha, in virtual time, after
// the simulated experiments in the appendix of Li et al. (MLSys 2020). Rungs 1, 4, 16, 64, 256; the time from
// one to the next is its steps times 1 + |N(0, sd)|; a worker is lost with a given chance for each unit of
// time, and its trial goes on from its last rung. A trial's loss at step r is U(0, 1) + 0.3 N(0, 1) /
// sqrt(r).
//
// asha_table [SEEDS [--check]]: prints means beside the reference's; --check: exit status 1 where promotion
// falls short of the reference or of its ratio to sha, or a worker was idle. What type stopping lets through
// differs from the reference on purpose: README.md of the schedulers says why.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "../support/parameters.hpp"
#include "coppice/rng.hpp"
#include "core/study.hpp"
#include "schedulers/brackets.hpp"
#include "schedulers/catalog.hpp"

namespace coppice {
namespace {

constexpr Step kSteps = 256;
constexpr std::int64_t kEta = 4;

struct Setting {
  int workers = 1;
  double time = 0;
  double sd = 0;
  double loss_rate = 0;  ///< chance that a worker is lost, for each unit of time
};

struct Outcome {
  double full = 0;   ///< trials that were trained in full
  double first = 0;  ///< when the first one was
  double idle = 0;   ///< largest number of idle workers at any time
};

std::unique_ptr<Study> make_study(const std::string& scheduler, const Options& options, std::uint64_t seed) {
  SchedulerSetup setup;
  setup.steps_per_trial = kSteps;
  setup.has_wall_time = true;
  StudySettings settings;
  settings.seed = seed;
  settings.space = SearchSpace({spaces::number("x", 0, 1)});
  settings.metric = "loss";
  settings.steps_per_trial = kSteps;
  return std::make_unique<Study>(std::move(settings), find_scheduler(scheduler)->make(options, setup));
}

class Cluster {
 public:
  Cluster(Setting setting, std::unique_ptr<Study> study, std::uint64_t seed)
      : setting_(setting), study_(std::move(study)), seed_(seed), rng_(seed, Purpose::kSimulate, 0) {}

  Outcome run() {
    tell(Begun{});
    for (int i = 0; i < setting_.workers; ++i) tell(WorkerUp{study_->next_worker(), i, "node", "", ""});
    Outcome outcome;
    while (!queue_.empty() && queue_.top().time <= setting_.time) {
      const Happening next = queue_.top();
      queue_.pop();
      now_ = next.time;
      const auto found = segments_.find(next.worker);
      if (found == segments_.end() || found->second.run.segment != next.segment) continue;
      if (next.step == 0) {
        lose(next.worker);
      } else {
        reach(next.worker, next.step);
      }
      if (next.step == kSteps && outcome.full++ == 0) outcome.first = now_;
      outcome.idle = std::max(outcome.idle, static_cast<double>(setting_.workers - study_->running()));
    }
    return outcome;
  }

 private:
  struct Segment {
    Run run;
    Step step = 0;
  };
  struct Happening {
    double time;
    std::int64_t number;
    WorkerId worker;
    SegmentId segment;
    Step step;  ///< that is reached; 0: the worker is lost
    bool operator>(const Happening& other) const {
      return time != other.time ? time > other.time : number > other.number;
    }
  };

  void tell(Event event) {
    pending_.push_back(std::move(event));
    if (pending_.size() > 1) return;  // the call that empties it is under way
    for (; !pending_.empty(); pending_.pop_front()) {
      for (const Command& command : study_->step(pending_.front()).commands) carry_out(command);
    }
  }

  void carry_out(const Command& command) {
    if (const auto* propose = std::get_if<Propose>(&command)) {
      tell(Proposed{propose->request, {Value(0.5)}, ""});
    } else if (const auto* run = std::get_if<Run>(&command)) {
      segments_[run->worker] = {*run, run->from ? run->from->checkpoint.step : 0};
      plan(run->worker);
    } else if (const auto* stop = std::get_if<Stop>(&command)) {
      const Segment segment = segments_.at(stop->worker);
      segments_.erase(stop->worker);
      tell(SegmentEnded{stop->segment, segment.run.trial, stop->worker, segment.step, false, {}});
    }
  }

  /// The way to the next rung.
  void plan(WorkerId worker) {
    const Segment& segment = segments_.at(worker);
    const Step step = *std::upper_bound(rungs_.begin(), rungs_.end(), segment.step);
    const double duration =
        static_cast<double>(step - segment.step) * (1 + std::abs(setting_.sd * rng_.normal()));
    const double lost_after = setting_.loss_rate > 0
                                  ? std::log(1 - rng_.uniform()) / std::log(1 - setting_.loss_rate)
                                  : duration + 1;
    const bool lost = lost_after < duration;
    queue_.push(
        {now_ + std::min(duration, lost_after), ++numbers_, worker, segment.run.segment, lost ? 0 : step});
  }

  void reach(WorkerId worker, Step step) {
    Segment& segment = segments_.at(worker);
    segment.step = step;
    const Run run = segment.run;
    if (step > run.report_after)
      tell(Reported{run.segment, run.trial, worker, step, {{"loss", loss(run.trial, step)}}});
    const auto still = segments_.find(worker);
    if (still == segments_.end() || still->second.run.segment != run.segment) return;  // it was stopped
    tell(Saved{{run.trial, step, run.segment}, kDisk, 1});
    if (step < run.until) return plan(worker);
    segments_.erase(worker);
    tell(SegmentEnded{run.segment, run.trial, worker, step, false, {}});
  }

  void lose(WorkerId worker) {
    segments_.erase(worker);
    tell(WorkerLost{worker, "drop"});
    tell(WorkerUp{study_->next_worker(), 0, "node", "", ""});
  }

  double loss(TrialId trial, Step step) const {
    Rng rng(seed_, Purpose::kSimulate, static_cast<std::uint64_t>(trial) + 1);
    const double level = rng.uniform();
    Rng noise(seed_, Purpose::kSimulate, static_cast<std::uint64_t>(trial) + 1,
              static_cast<std::uint32_t>(step));
    return level + 0.3 * noise.normal() / std::sqrt(static_cast<double>(step));
  }

  Setting setting_;
  std::unique_ptr<Study> study_;
  std::uint64_t seed_;
  Rng rng_;
  double now_ = 0;
  std::int64_t numbers_ = 0;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> queue_;
  std::deque<Event> pending_;
  std::map<WorkerId, Segment> segments_;
  std::vector<Step> rungs_ = rung_steps(1, kSteps, kEta);
};

Options options_of(const std::string& scheduler, const char* type) {
  Options options;
  options.set("eta", kEta);
  if (scheduler == "asha") options.set("type", std::string(type));
  return options;
}

struct Reference {
  double full = 0;  ///< 0: not known
  double first = 0;
};

/// Means over seeds, but for `idle`.
struct Cell {
  double full = 0;  ///< full trainings
  double idle = 0;  ///< the largest number of idle workers
};

Cell print_cell(const Setting& setting, const std::string& scheduler, const char* type, Reference reference,
                int seeds) {
  std::vector<double> full;
  double first = 0;
  double idle = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const auto key = static_cast<std::uint64_t>(seed);
    const Outcome outcome =
        Cluster(setting, make_study(scheduler, options_of(scheduler, type), key), key).run();
    full.push_back(outcome.full);
    first += outcome.first / seeds;
    idle = std::max(idle, outcome.idle);
  }
  std::sort(full.begin(), full.end());
  double mean = 0;
  for (const double value : full) mean += value / seeds;
  const auto quartile = [&](std::size_t q) { return full[(full.size() - 1) * q / 4]; };
  std::printf("  %-9s %6.1f [%g, %g] / %3.0f  idle %g", scheduler == "asha" ? type : scheduler.c_str(), mean,
              quartile(1), quartile(3), first, idle);
  if (reference.full > 0) std::printf("  (reference %.1f / %.0f)", reference.full, reference.first);
  std::printf("\n");
  return {mean, idle};
}

struct Row {
  Setting setting;
  Reference sha;
  Reference promotion;
  Reference stopping;
  double least_ratio;  ///< promotion to sha; 0: no gate
};

const Row kRows[] = {
    {{25, 2000, 0, 0}, {43.0, 273}, {50.8, 268}, {53.9, 256}, 1.15},
    {{25, 2000, 0.24, 0}, {35.4, 334}, {43.0, 315}, {43.2, 277}, 0},
    {{25, 2000, 0.56, 0}, {27.8, 414}, {34.7, 373}, {36.5, 296}, 0},
    {{25, 2000, 1.33, 0}, {18.0, 560}, {23.3, 479}, {24.3, 358}, 1.25},
    {{25, 2000, 0.24, 0.005}, {27.3, 406}, {32.2, 356}, {}, 0},
    {{25, 2000, 1.33, 0.005}, {10.1, 727}, {14.5, 576}, {}, 0},
    {{500, 1024, 0.24, 0}, {310.8, 289}, {339.4, 272}, {321.4, 267}, 0},
    {{500, 1024, 1.33, 0}, {127.6, 394}, {153.5, 330}, {144.9, 315}, 0},
};

}  // namespace
}  // namespace coppice

int main(int argc, char** argv) {
  using namespace coppice;
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 25;
  const bool check = argc > 2 && std::strcmp(argv[2], "--check") == 0;
  if (seeds < 1 || (argc > 2 && !check)) {
    std::fprintf(stderr, "usage: asha_table [SEEDS >= 1 [--check]]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  int missed = 0;
  std::printf("trials trained in full: mean [quartiles] / time of the first, of %d seeds\n", seeds);
  for (const Row& row : kRows) {
    const Setting& s = row.setting;
    std::printf("%d workers, %g units, sd %g, lost %g per unit\n", s.workers, s.time, s.sd, s.loss_rate);
    const Cell sha = print_cell(s, "sha", "", row.sha, seeds);
    const Cell promotion = print_cell(s, "asha", "promotion", row.promotion, seeds);
    const Cell stopping = print_cell(s, "asha", "stopping", row.stopping, seeds);
    std::printf("  ratio to sha: %.2f, %.2f", promotion.full / sha.full, stopping.full / sha.full);
    const bool short_of = promotion.full < 0.93 * row.promotion.full ||
                          promotion.full < row.least_ratio * sha.full ||
                          sha.idle + promotion.idle + stopping.idle > 0;
    if (short_of) ++missed;
    std::printf("%s\n", short_of ? "  MISSED" : "");
  }
  return check && missed > 0 ? 1 : 0;
}
