#include "method.hpp"

#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "schedulers/rung_options.hpp"
#include "simulator/world.hpp"

namespace coppice::bench {

namespace {

constexpr const char* kMetric = "value";

/// Its state is the step: the problem knows the rest.
class Curve final : public Trainable {
 public:
  explicit Curve(CurveProblem& problem) : problem_(problem) {}

  void setup(const Parameters& parameters, const TrialInfo& info) override {
    parameters_ = parameters;
    trial_ = info.id;
  }
  Metrics step() override {
    const auto value = problem_.train(trial_, parameters_, ++step_);
    return value ? Metrics{{kMetric, *value}} : Metrics{};
  }
  std::vector<std::byte> save() const override {
    std::vector<std::byte> state(sizeof step_);
    std::memcpy(state.data(), &step_, sizeof step_);
    return state;
  }
  void load(std::span<const std::byte> state) override { std::memcpy(&step_, state.data(), sizeof step_); }

 private:
  CurveProblem& problem_;
  Parameters parameters_;
  TrialId trial_ = kNoTrial;
  Step step_ = 0;
};

}  // namespace

Method method_of(const std::string& name, Step steps) {
  Options rungs;
  rungs.set("max_steps", steps);
  Options stopping = rungs;
  stopping.set("type", std::string("stopping"));
  Options bohb;
  bohb.set("candidates", std::int64_t{64});
  bohb.set("gamma", 0.15);
  bohb.set("random_share", 1.0 / 3);
  bohb.set("spread", 3.0);
  Options all;
  all.set("rungs", std::string("all"));
  for (Method method :
       {Method{"random", "fifo", {}, "random"}, Method{"tpe", "fifo", {}, "tpe"},
        Method{"hyperband", "hyperband", rungs, "random"}, Method{"bohb", "hyperband", rungs, "tpe", bohb},
        Method{"hyperband-tpe", "hyperband", rungs, "tpe"}, Method{"hyperband-gp", "hyperband", rungs, "gp"},
        Method{"hyperband-gp-all", "hyperband", rungs, "gp", all},
        Method{"asha-gp-all", "asha", rungs, "gp", all}, Method{"asha", "asha", rungs, "random"},
        Method{"asha-tpe", "asha", rungs, "tpe"}, Method{"asha-gp", "asha", rungs, "gp"},
        Method{"asha-stopping", "asha", stopping, "random"}}) {
    if (method.name != name) continue;
    method.measured =
        method.scheduler == "fifo" ? std::vector{steps} : steps_of_rungs(rungs, {.steps_per_trial = steps});
    return method;
  }
  throw std::invalid_argument("there is no method '" + name + "'");
}

std::int64_t run(const Method& method, CurveProblem& problem, int workers, std::uint64_t seed) {
  SchedulerSetup setup;
  setup.steps_per_trial = problem.steps();
  setup.has_wall_time = true;  // the budget ends it
  StudyPlan plan;
  plan.settings.seed = seed;
  plan.settings.space = problem.space();
  plan.settings.metric = kMetric;
  plan.settings.steps_per_trial = problem.steps();
  plan.settings.retries = 0;
  plan.max_trials = 1'000'000'000;
  plan.make_scheduler = [&] {
    return find_scheduler(method.scheduler)->make(method.scheduler_options, setup);
  };
  plan.make_sampler = [&] {
    return make_sampler(method.sampler, method.sampler_options, problem.space(), seed);
  };
  plan.make_explorer = [&] { return make_explorer({}, problem.space(), seed); };
  plan.make_trainable = [&] { return std::make_unique<Curve>(problem); };
  WorldOptions options;
  options.seed = seed;
  options.workers = workers;
  options.proposal_s = 0;
  options.message_s = 0;
  World world(std::move(plan), options);
  try {
    world.run();
  } catch (const BudgetSpent&) {
  }
  return world.study().board().size();
}

}  // namespace coppice::bench
