// Prints how long workers wait for hyperparameters with and without proposals that are made ahead, and how
// many results those lacked. The sampler sleeps for as long as an answer takes, and the workers for as long
// as a trial does: so in real time, but little depends on what else the machine does.
//
//     proposer_wait [ANSWER_S [WORKERS [TRIAL_S [TRIALS]]]]
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "coordinator/proposer.hpp"
#include "coppice/rng.hpp"

namespace coppice {
namespace {

struct Setting {
  double answer_s = 0.02;
  int workers = 16;
  double trial_s = 0.4;
  int trials = 400;
};

class Sleeper final : public Sampler {
 public:
  explicit Sleeper(double answer_s) : answer_s_(answer_s) {}
  Proposal ask(const SampleRequest&) const override {
    std::this_thread::sleep_for(std::chrono::duration<double>(answer_s_));
    return {{Value(0.5)}, "sleeper"};
  }
  void tell(const Trial&) override {}

 private:
  double answer_s_;
};

void measure(const Setting& setting, bool ahead) {
  const auto sleeper = [](double answer_s) { return std::make_unique<Sleeper>(answer_s); };
  Proposer proposer(sleeper(setting.answer_s), sleeper(0), sleeper(0),
                    {.ahead = ahead, .trials = setting.trials});
  const auto began = std::chrono::steady_clock::now();
  const auto now_s = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  Rng rng(1, Purpose::kSimulate, 7);
  std::multimap<double, Trial> training;  // by when they end
  std::map<RequestId, double> asked_s;
  std::vector<double> waits_s;
  std::int64_t made_ahead = 0;
  TrialId next = 0;
  const auto ask = [&] {
    if (next == setting.trials) return;
    asked_s[next] = now_s();
    proposer.ask(next, {next}, now_s());
    ++next;
  };
  for (int worker = 0; worker < setting.workers; ++worker) ask();
  while (std::ssize(waits_s) < setting.trials) {
    for (const Proposed& proposed : proposer.poll(now_s())) {
      waits_s.push_back(now_s() - asked_s.at(proposed.request));
      made_ahead += proposed.note.find("made ahead") != std::string::npos ? 1 : 0;
      const Trial trial = proposed_trial({proposed.request}, proposed.params, "");
      proposer.tell(trial);
      training.emplace(now_s() + setting.trial_s * (0.5 + rng.uniform()), trial);
    }
    bool asked = false;
    while (!training.empty() && training.begin()->first <= now_s()) {
      Trial over = training.begin()->second;
      over.state = TrialState::kComplete;
      proposer.tell(over);
      training.erase(training.begin());
      ask();
      asked = true;
    }
    if (asked) continue;  // the answer may be there at once
    pollfd waiting{proposer.fd(), POLLIN, 0};
    const double left_s = training.empty() ? 1 : training.begin()->first - now_s();
    ::poll(&waiting, 1, static_cast<int>(std::max(0.0, left_s) * 1000) + 1);
  }
  // The first ones all came at once.
  waits_s.erase(waits_s.begin(), waits_s.begin() + 2 * setting.workers);
  double sum_s = 0;
  for (const double wait_s : waits_s) sum_s += wait_s;
  const double mean_s = sum_s / static_cast<double>(waits_s.size());
  std::sort(waits_s.begin(), waits_s.end());
  const auto quantile = [&](double share) {
    return waits_s[static_cast<std::size_t>(share * static_cast<double>(waits_s.size() - 1))];
  };
  fmt::print(
      "{:10} wait: mean {:.3f} s, median {:.3f}, 95 % {:.3f}, {:.1f} % of the workers' time; {} of {} made "
      "ahead\n",
      ahead ? "ahead" : "when asked", mean_s, quantile(0.5), quantile(0.95),
      100 * mean_s / (mean_s + setting.trial_s), made_ahead, setting.trials);
}

}  // namespace
}  // namespace coppice

int main(int argc, char** argv) {
  coppice::Setting setting;
  if (argc > 1) setting.answer_s = std::atof(argv[1]);
  if (argc > 2) setting.workers = std::atoi(argv[2]);
  if (argc > 3) setting.trial_s = std::atof(argv[3]);
  if (argc > 4) setting.trials = std::atoi(argv[4]);
  fmt::print("answers take {} s, {} workers, trials of {} s\n", setting.answer_s, setting.workers,
             setting.trial_s);
  coppice::measure(setting, false);
  coppice::measure(setting, true);
  return 0;
}
