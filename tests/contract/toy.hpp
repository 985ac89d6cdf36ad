/// The study of the contract tests: a search space with every kind of parameter, and a trainable whose state
/// tells a wrong restore.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../support/effort.hpp"
#include "../support/parameters.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/with_stoppers.hpp"
#include "simulator/world.hpp"

namespace coppice {

inline SearchSpace toy_space() {
  using namespace spaces;
  Parameter layout = integer("layout", 1, 8);
  layout.fixed = true;
  return SearchSpace({number("x", 0, 1), number("rate", 0.01, 1, true), integer("width", 1, 8),
                      choice("method", {"plain", "momentum"}),
                      when(number("momentum", 0, 1), "method", {"momentum"}), layout});
}

/// The loss falls to a floor that depends on x; every hyperparameter leaves its mark on the state.
class Toy final : public Trainable {
 public:
  void setup(const Parameters& parameters, const TrialInfo&) override { parameters_ = parameters; }
  Metrics step() override {
    const double x = parameters_.number("x", 0);
    const double floor = (x - 0.3) * (x - 0.3) + 0.01 * static_cast<double>(parameters_.integer("width", 1));
    state_[0] +=
        parameters_.number("rate", 0) * (floor - state_[0]) * (1 + 0.1 * parameters_.number("momentum", 0));
    state_[1] = 0.9 * state_[1] + static_cast<double>(parameters_.integer("layout", 1));
    return {{"loss", state_[0]}, {"trace", state_[1]}};
  }
  std::vector<std::byte> save() const override {
    std::vector<std::byte> blob(sizeof(state_));
    std::memcpy(blob.data(), state_, sizeof(state_));
    return blob;
  }
  void load(std::span<const std::byte> state) override { std::memcpy(state_, state.data(), sizeof(state_)); }

 private:
  Parameters parameters_;
  double state_[2] = {1, 0};
};

/// A scheduler with options, by a name for messages.
struct Variant {
  std::string name;
  std::string scheduler;
  std::vector<std::pair<std::string, OptionValue>> options;
  SchedulerSetup setup;
  std::vector<std::pair<std::string, Options>> stoppers = {};  ///< beside the scheduler
};

inline StudyPlan toy_plan(const Variant& variant, const std::string& sampler, std::uint64_t seed,
                          int retries = 2) {
  Options options;
  for (const auto& [name, value] : variant.options) options.set(name, value);
  StudyPlan plan;
  plan.settings.seed = seed;
  plan.settings.space = toy_space();
  plan.settings.metric = "loss";
  plan.settings.retries = retries;
  plan.settings.steps_per_trial = steps_per_trial(options, variant.setup);
  plan.max_trials = variant.setup.max_trials;
  const SchedulerInfo* info = find_scheduler(variant.scheduler);
  plan.make_scheduler = [info, options, variant]() -> std::unique_ptr<Scheduler> {
    std::vector<std::unique_ptr<Stopper>> stoppers;
    for (const auto& [name, given] : variant.stoppers) stoppers.push_back(find_stopper(name)->make(given));
    auto scheduler = info->make(options, variant.setup);
    if (stoppers.empty()) return scheduler;
    return with_stoppers(std::move(scheduler), std::move(stoppers), steps_per_trial(options, variant.setup));
  };
  plan.make_sampler = [sampler, seed] { return make_sampler(sampler, {}, toy_space(), seed); };
  plan.make_explorer = [options, seed] { return make_explorer(options, toy_space(), seed); };
  plan.make_trainable = [] { return std::make_unique<Toy>(); };
  return plan;
}

}  // namespace coppice
