// Every scheduler in a world whose runs are cut by the end of an allocation, again and again, with another
// number of workers each time: the study gets done, nothing is begun that can't end (World checks it),
// nothing is given up, and it replays.
#include <gtest/gtest.h>

#include "variants.hpp"

namespace coppice {
namespace {

WorldOptions allocations(std::uint64_t seed, double allocation_s) {
  Rng rng(seed, Purpose::kSimulate, 98);
  WorldOptions world;
  world.seed = seed;
  world.workers = 1 + static_cast<int>(rng.below(4));
  world.disk = world.in_place = true;
  world.startup_s = 8;  // longer than the margin for the last writes, so that it matters
  world.save_s = 0.5;
  world.slow_kind = 0.5;
  world.allocation_s = allocation_s;
  world.max_events = 500000;
  return world;
}

void expect_replay(const StudyPlan& plan, const World& world) {
  Study again(plan.settings, plan.make_scheduler());
  ASSERT_NO_THROW(replay(world.record(), again));
}

class Allocations : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Allocations, AStudyGetsDoneInShortOnesAndNothingIsBegunInVain) {
  const Variant variant = variants()[GetParam()];
  int restarts = 0;
  for (std::uint64_t seed = 0; seed < some_of(6); ++seed) {
    SCOPED_TRACE(variant.name + ", seed " + std::to_string(seed));
    const StudyPlan plan = toy_plan(variant, "random", seed);
    World world(plan, allocations(seed, 20));
    ASSERT_NO_THROW(world.run());
    EXPECT_EQ(world.result().finish.outcome, Outcome::kFinished);
    EXPECT_EQ(world.result().given_up, 0);
    restarts += world.result().restarts;
    expect_replay(plan, world);
  }
  EXPECT_GE(restarts, static_cast<int>(some_of(6))) << "the allocations are too long to matter";
}

TEST_P(Allocations, AndWithEveryKindOfTrouble) {
  const Variant variant = variants()[GetParam()];
  for (std::uint64_t seed = 0; seed < some_of(6); ++seed) {
    SCOPED_TRACE(variant.name + ", seed " + std::to_string(seed));
    const StudyPlan plan = toy_plan(variant, "random", seed);
    WorldOptions options = allocations(seed, 40);
    options.spread = 0.3;
    options.damage = 0.3;
    options.late = options.worker_loss = options.false_death = 0.01;
    options.segment_failure = 0.02;
    options.mid_save = 0.2;
    options.restart = 0.002;
    options.bad_trial = options.short_trial = 0.1;
    World world(plan, options);
    ASSERT_NO_THROW(world.run());
    EXPECT_NE(world.result().finish.outcome, Outcome::kStopped);
    expect_replay(plan, world);
  }
}

INSTANTIATE_TEST_SUITE_P(Contract, Allocations, ::testing::Range<std::size_t>(0, variants().size()),
                         [](const auto& variant) { return "Variant" + std::to_string(variant.param); });

// What can't be saved is trained whole, or not begun.
TEST(AllocationsWithoutCheckpoints, TrialsAreTrainedWhole) {
  const Variant variant = variants().front();
  ASSERT_EQ(variant.scheduler, "fifo");
  for (std::uint64_t seed = 0; seed < some_of(6); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const StudyPlan plan = toy_plan(variant, "random", seed);
    WorldOptions options = allocations(seed, 35);  // 12 steps of up to 1.5 s, start-up, and the last writes
    options.saves = false;
    World world(plan, options);
    ASSERT_NO_THROW(world.run());
    EXPECT_EQ(world.result().finish.outcome, Outcome::kFinished);
    EXPECT_GT(world.result().restarts, 0);
    const auto useful = static_cast<double>(30 * 12);
    EXPECT_LT(static_cast<double>(world.result().steps), 1.3 * useful) << "only the first were cut";
    expect_replay(plan, world);
  }
}

// A damaged state leaves the one before it, and what is trained again is the same to the last bit.
TEST(DamagedCheckpoints, ChangeNoResult) {
  std::int64_t damaged = 0;
  for (const Variant& variant : variants()) {
    if (variant.scheduler != "fifo" && variant.scheduler != "hyperband") continue;
    if (measures_again(variant)) continue;
    for (std::uint64_t seed = 0; seed < some_of(4); ++seed) {
      SCOPED_TRACE(variant.name + ", seed " + std::to_string(seed));
      const StudyPlan plan = toy_plan(variant, "random", seed, 1000);
      World calm(plan, WorldOptions{.seed = seed});
      calm.run();
      WorldOptions options = allocations(seed, 20);
      options.mid_save = 0.3;
      options.damage = 0.5;
      World rough(plan, options);
      rough.run();
      damaged += rough.result().damaged;
      ASSERT_EQ(calm.study().board().size(), rough.study().board().size());
      for (TrialId id = 0; id < calm.study().board().size(); ++id) {
        const Trial& a = calm.study().board().trial(id);
        const Trial& b = rough.study().board().trial(id);
        EXPECT_EQ(a.state, b.state);
        ASSERT_EQ(a.curve.size(), b.curve.size()) << "trial " << id;
        for (std::size_t i = 0; i < a.curve.size(); ++i) ASSERT_EQ(a.curve[i].score, b.curve[i].score);
      }
    }
  }
  EXPECT_GT(damaged, 10);
}

}  // namespace
}  // namespace coppice
