#include "pbt_toy.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "../support/parameters.hpp"
#include "samplers/catalog.hpp"
#include "schedulers/catalog.hpp"
#include "simulator/world.hpp"
#include "trainables/catalog.hpp"

namespace coppice {

namespace {

constexpr Step kSteps = 200;
constexpr std::int64_t kInterval = 4;

/// The paper's two members: h = (1, 0) and h = (0, 1).
class Corners final : public Sampler {
 public:
  Proposal ask(const SampleRequest& request) const override {
    const bool first = request.trial == 0;
    return {{first ? 1.0 : 0.0, first ? 0.0 : 1.0}, "given"};
  }
  void tell(const Trial&) override {}
};

SearchSpace toy_space() {
  return SearchSpace({spaces::number("h1", 0, 1), spaces::number("h2", 0, 1)});
}

}  // namespace

double run_pbt_toy(const ToyMode& mode, std::uint64_t seed) {
  Options options;
  options.set("population", std::int64_t{2});
  options.set("interval", kInterval);
  options.set("exploit", mode.exploit);
  options.set("explore", mode.explore);
  SchedulerSetup setup;
  setup.steps_per_trial = kSteps;
  StudyPlan plan;
  plan.settings.seed = seed;
  plan.settings.space = toy_space();
  plan.settings.metric = "value";
  plan.settings.minimize = false;
  plan.settings.steps_per_trial = kSteps;
  plan.make_scheduler = [&] { return find_scheduler("pbt")->make(options, setup); };
  plan.make_sampler = [] { return std::make_unique<Corners>(); };
  plan.make_explorer = [&] { return make_explorer(options, toy_space(), seed); };
  plan.make_trainable = [] { return make_builtin("pbt_toy", {}, ""); };
  World world(plan, WorldOptions{.seed = seed, .workers = 1});
  world.run();
  return world.study().value_of(world.study().board().incumbent().score);
}

ToySummary summarise_pbt_toy(const ToyMode& mode, int count) {
  std::vector<double> values;
  for (int seed = 0; seed < count; ++seed)
    values.push_back(run_pbt_toy(mode, static_cast<std::uint64_t>(seed)));
  std::sort(values.begin(), values.end());
  return {std::accumulate(values.begin(), values.end(), 0.0) / count,
          values[static_cast<std::size_t>(count / 20)], values.front()};
}

}  // namespace coppice
