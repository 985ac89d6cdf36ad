#include "nonstationary.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "../support/parameters.hpp"
#include "core/check.hpp"
#include "real_trainings.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "simulator/world.hpp"

namespace coppice {

namespace {

using spaces::choice;
using spaces::number;

constexpr int kWorkers = 4;

/// State of N numbers.
template <std::size_t N>
class Numbers : public Trainable {
 public:
  void setup(const Parameters& parameters, const TrialInfo&) override { parameters_ = parameters; }
  std::vector<std::byte> save() const override {
    std::vector<std::byte> blob(sizeof(state_));
    std::memcpy(blob.data(), state_, sizeof(state_));
    return blob;
  }
  void load(std::span<const std::byte> state) override { std::memcpy(state_, state.data(), sizeof(state_)); }

 protected:
  Parameters parameters_;
  double state_[N] = {};
};

/// State: the loss's logarithm, the step.
class Drift final : public Numbers<2> {
 public:
  static constexpr Step kSteps = 60;

  Metrics step() override {
    const double time = state_[1] / static_cast<double>(kSteps);
    const double rate = parameters_.number("rate", 0);  // log, over four decades
    const double u = (std::log10(rate) + 4) / 4 - (0.8 - 0.6 * time);
    const double v = parameters_.number("mix", 0) - (0.2 + 0.6 * time);
    const bool right = parameters_.text("method", "") == (time < 0.5 ? "early" : "late");
    const double near = std::exp(-(u * u + v * v) / (2 * 0.15 * 0.15)) * (right ? 1 : 0.5);
    state_[0] += u > 0.3 ? 0.05 : -0.1 * near;
    state_[1] += 1;
    return {{"loss", std::exp(state_[0])}};
  }
};

/// State: second moments along the steep and the flat direction, each less 1, as both begin at 1.
class Decay final : public Numbers<2> {
 public:
  static constexpr Step kSteps = 100;

  Metrics step() override {
    constexpr double kCurvature[] = {1, 0.03};
    constexpr double kNoise = 0.05;
    const double rate = parameters_.number("rate", 0);
    const double keep = 1 - parameters_.number("mix", 0) * 0.5;  // a second way to less noise and less speed
    double loss = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const double h = kCurvature[i];
      const double moment = state_[i] + 1;
      const double speed = rate * keep;
      state_[i] = (1 - speed * h) * (1 - speed * h) * moment + speed * speed * keep * kNoise * h - 1;
      loss += h * (state_[i] + 1) / 2;
    }
    return {{"loss", loss}};
  }
};

bool trains_a_network(const std::string& problem) {
  return problem != "drift" && problem != "decay";
}

SearchSpace space_of(const std::string& problem) {
  if (trains_a_network(problem)) {
    return SearchSpace({number("learning_rate", 1e-4, 1, true), number("momentum", 0, 0.99),
                        number("weight_decay", 1e-6, 1e-2, true), number("dropout", 0, 0.5)});
  }
  std::vector<Parameter> parameters = {number("rate", 1e-4, 1, true), number("mix", 0, 1)};
  if (problem == "drift") {
    parameters.push_back(choice("method", {"early", "late", "never"}));
  }
  return SearchSpace(std::move(parameters));
}

std::function<std::unique_ptr<Trainable>()> trainable_of(const std::string& problem) {
  if (problem == "drift") return [] { return std::make_unique<Drift>(); };
  if (problem == "decay") return [] { return std::make_unique<Decay>(); };
  static std::map<std::string, std::function<std::unique_ptr<Trainable>()>> read;  // each problem's data once
  auto& network = read[problem];
  if (!network) network = network_of(problem);
  return network;
}

}  // namespace

std::int64_t nonstationary_steps(const std::string& problem) {
  if (problem == "drift") return Drift::kSteps;
  return problem == "decay" ? Decay::kSteps : 30;
}

std::vector<Method> nonstationary_methods(std::int64_t population, std::int64_t steps) {
  const std::int64_t interval = std::max<std::int64_t>(steps / 20, 1);
  const auto pbt = [&](std::vector<std::pair<std::string, OptionValue>> more) {
    more.emplace_back("population", population);
    more.emplace_back("interval", interval);
    return more;
  };
  const auto word = [](const char* text) { return OptionValue(std::string(text)); };
  return {
      {"random", "fifo", {}},
      {"asha", "asha", {}},
      {"hyperband", "hyperband", {}},
      {"bohb",
       "hyperband",
       {{"sizes", word("table")}},
       "tpe",
       {{"multivariate", true},
        {"gamma", 0.15},
        {"candidates", std::int64_t{64}},
        {"spread", 3.0},
        {"random_share", 0.333}}},
      {"pbt", "pbt", pbt({})},
      {"pbt, tournament", "pbt", pbt({{"exploit", word("tournament")}})},
      {"pbt, resample", "pbt", pbt({{"explore", word("resample")}})},
      {"pbt, backtrack 3", "pbt", pbt({{"backtrack", std::int64_t{3}}})},
      {"pb2", "pbt", pbt({{"explore", word("pb2")}})},
      {"ipbt", "ipbt", pbt({{"explore", word("pb2")}})},
      {"ipbt, fresh 0", "ipbt", pbt({{"explore", word("pb2")}, {"fresh", 0.0}})},
      {"ipbt x perturb", "ipbt", pbt({})},
      {"mf-pbt", "pbt", pbt({{"frequencies", std::vector<double>{1, 4}}})},
      {"mf-pbt x pb2", "pbt", pbt({{"frequencies", std::vector<double>{1, 4}}, {"explore", word("pb2")}})},
  };
}

double run_nonstationary(const std::string& problem, const Method& method, std::int64_t population,
                         std::uint64_t seed) {
  const auto set = [](const std::vector<std::pair<std::string, OptionValue>>& items) {
    Options options;
    for (const auto& [name, value] : items) options.set(name, value);
    return options;
  };
  const Options options = set(method.options);
  const Options of_sampler = set(method.sampler_options);
  const SchedulerInfo* info = find_scheduler(method.scheduler);
  SchedulerSetup setup;
  setup.steps_per_trial = nonstationary_steps(problem);
  const std::int64_t budget = population * *setup.steps_per_trial;
  // More trials than the steps are enough for, where a scheduler begins as many as it may.
  if (method.scheduler != "pbt" && method.scheduler != "ipbt") setup.max_trials = budget;
  check(info->check(options, setup).empty(), "the methods are options that there are");
  StudyPlan plan;
  plan.settings.seed = seed;
  plan.settings.space = space_of(problem);
  plan.settings.metric = trains_a_network(problem) ? "val_loss" : "loss";
  plan.settings.steps_per_trial = *setup.steps_per_trial;
  plan.max_trials = setup.max_trials;
  plan.make_scheduler = [&] { return info->make(options, setup); };
  plan.make_sampler = [&] { return make_sampler(method.sampler, of_sampler, plan.settings.space, seed); };
  plan.make_explorer = [&] { return make_explorer(options, plan.settings.space, seed); };
  plan.make_trainable = trainable_of(problem);
  WorldOptions world_options;
  world_options.seed = seed;
  world_options.workers = kWorkers;
  world_options.spread = 0.1;
  world_options.max_steps = budget;
  World world(plan, world_options);
  world.run();
  return world.study().value_of(world.study().board().incumbent().score);
}

}  // namespace coppice
