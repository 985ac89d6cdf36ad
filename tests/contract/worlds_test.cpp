// Every scheduler with every sampler in seeded worlds with every kind of trouble: the study ends, keeps the
// rules (Referee), and replays. A failure names the variant and the seed.
#include <gtest/gtest.h>

#include "variants.hpp"

namespace coppice {
namespace {

WorldOptions troubled(std::uint64_t seed) {
  Rng rng(seed, Purpose::kSimulate, 99);
  const auto some = [&rng](double most) { return rng.below(2) == 0 ? 0 : most * rng.uniform(); };
  WorldOptions world;
  world.seed = seed;
  world.workers = 1 + static_cast<int>(rng.below(12));
  world.spread = some(1.5);
  world.late = some(0.1);
  world.worker_loss = some(0.03);
  world.false_death = some(0.03);
  world.segment_failure = some(0.05);
  world.mid_save = some(0.5);
  world.restart = some(0.01);
  world.nan = some(0.05);
  world.bad_trial = some(0.4);
  world.short_trial = some(0.3);
  world.disk = rng.below(2) == 0;
  world.saves = rng.below(8) != 0;
  world.max_events = 200000;
  return world;
}

void expect_orderly_end(const World& world) {
  const Study& study = world.study();
  ASSERT_TRUE(study.finish());
  EXPECT_EQ(study.running(), 0);
  for (const Trial& trial : study.board().trials()) {
    EXPECT_TRUE(is_over(trial.state) || trial.state == TrialState::kPaused) << "trial " << trial.id;
  }
}

class Worlds : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Worlds, EndKeepTheRulesAndReplay) {
  const Variant variant = variants()[GetParam()];
  for (const SamplerInfo& sampler : samplers()) {
    // The troubles are the scheduler's: a sampler that thinks longer is shown a few of them.
    const std::uint64_t seeds = sampler.name == "random" ? 16 : 2;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      SCOPED_TRACE(variant.name + " with " + sampler.name + ", seed " + std::to_string(seed));
      const StudyPlan plan = toy_plan(variant, sampler.name, seed);
      WorldOptions options = troubled(seed * 1000 + GetParam());
      options.never_idle = variant.setup.max_trials.has_value();
      World world(plan, options);
      ASSERT_NO_THROW(world.run());
      expect_orderly_end(world);
      Study again(plan.settings, plan.make_scheduler());
      ASSERT_NO_THROW(replay(world.record(), again));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Contract, Worlds, ::testing::Range<std::size_t>(0, variants().size()),
                         [](const auto& variant) { return "Variant" + std::to_string(variant.param); });

TEST(Worlds, EverySchedulerIsThere) {
  std::set<std::string> seen;
  for (const Variant& variant : variants()) seen.insert(variant.scheduler);
  for (const SchedulerInfo& entry : schedulers()) EXPECT_TRUE(seen.contains(entry.name)) << entry.name;
}

// Losses cost time but change no result, where decisions don't depend on timing.
TEST(Worlds, WhatIsLostIsTrainedAgainToTheLastBit) {
  for (const Variant& variant : variants()) {
    if (variant.scheduler != "fifo" && variant.scheduler != "hyperband") continue;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SCOPED_TRACE(variant.name + ", seed " + std::to_string(seed));
      const StudyPlan plan = toy_plan(variant, "random", seed, 1000);
      World calm(plan, WorldOptions{.seed = seed});
      calm.run();
      WorldOptions options{.seed = seed, .workers = 5, .spread = 1};
      options.worker_loss = options.false_death = options.segment_failure = 0.05;
      options.late = options.mid_save = 0.2;
      options.restart = 0.01;
      World rough(plan, options);
      rough.run();
      EXPECT_GT(rough.result().losses, 0);
      EXPECT_GT(rough.result().steps, calm.result().steps);
      ASSERT_EQ(calm.study().board().size(), rough.study().board().size());
      for (TrialId id = 0; id < calm.study().board().size(); ++id) {
        const Trial& a = calm.study().board().trial(id);
        const Trial& b = rough.study().board().trial(id);
        EXPECT_EQ(a.params, b.params);
        EXPECT_EQ(a.state, b.state);
        ASSERT_EQ(a.curve.size(), b.curve.size()) << "trial " << id;
        for (std::size_t i = 0; i < a.curve.size(); ++i) {
          ASSERT_EQ(a.curve[i].score, b.curve[i].score) << "trial " << id << " step " << a.curve[i].step;
        }
      }
    }
  }
}

}  // namespace
}  // namespace coppice
