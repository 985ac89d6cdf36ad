// Every scheduler with every sampler in seeded worlds with every kind of trouble: the study ends, keeps the
// rules (Referee), and replays. A failure names the variant and the seed.
#include <gtest/gtest.h>

#include <algorithm>

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
    const std::uint64_t count = some_of(sampler.name == "random" ? 16 : 2);
    for (std::uint64_t seed = 0; seed < count; ++seed) {
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

/// Proposes for the first few trials, and has nothing more.
class Few final : public Sampler {
 public:
  Few(std::unique_ptr<Sampler> inner, TrialId count) : inner_(std::move(inner)), count_(count) {}
  Proposal ask(const SampleRequest& request) const override {
    if (request.trial < count_) return inner_->ask(request);
    return {.params = {}, .note = "all were proposed", .tag = {}, .exhausted = true};
  }
  void tell(const Trial& trial) override {
    EXPECT_TRUE(trial.has_params()) << "trial " << trial.id;
    inner_->tell(trial);
  }

 private:
  std::unique_ptr<Sampler> inner_;
  TrialId count_;
};

TEST_P(Worlds, EndWhereTheSearchSpaceDoes) {
  const Variant variant = variants()[GetParam()];
  for (const TrialId count : {0, 1, 4, 11, 25}) {
    for (std::uint64_t seed = 0; seed < some_of(6); ++seed) {
      SCOPED_TRACE(variant.name + ", " + std::to_string(count) + " points, seed " + std::to_string(seed));
      StudyPlan plan = toy_plan(variant, "random", seed);
      plan.make_sampler = [seed, count] {
        return std::make_unique<Few>(make_sampler("random", {}, toy_space(), seed), count);
      };
      const bool calm = seed % 3 == 0;
      WorldOptions options = calm ? WorldOptions{.seed = seed, .workers = 1 + static_cast<int>(seed)}
                                  : troubled(seed * 1000 + GetParam());
      options.never_idle = variant.setup.max_trials.has_value();
      World world(plan, options);
      ASSERT_NO_THROW(world.run());
      expect_orderly_end(world);
      std::int64_t begun = 0;
      for (const Trial& trial : world.study().board().trials()) {
        begun += trial.has_params() && !trial.origin ? 1 : 0;
        EXPECT_TRUE(trial.has_params() || trial.state == TrialState::kStopped) << "trial " << trial.id;
      }
      EXPECT_LE(begun, count);
      if (calm && count < 2) {
        EXPECT_EQ(world.study().finish()->reason, "the search space is exhausted: all were proposed");
      }
      Study again(plan.settings, plan.make_scheduler());
      ASSERT_NO_THROW(replay(world.record(), again));
    }
  }
}

// No rung waits for a trial that never comes: those that there are are promoted.
TEST(Worlds, RungsCloseOverThoseThatThereAre) {
  for (const Variant& variant : variants()) {
    const bool has_rungs =
        variant.scheduler == "asha" || variant.scheduler == "sha" || variant.scheduler == "hyperband";
    if (!has_rungs || variant.name == "sha of one" || !variant.stoppers.empty()) continue;
    StudyPlan plan = toy_plan(variant, "random", 1);
    plan.make_sampler = [] { return std::make_unique<Few>(make_sampler("random", {}, toy_space(), 1), 7); };
    for (const int workers : {1, 3, 20}) {
      SCOPED_TRACE(variant.name + ", " + std::to_string(workers) + " workers");
      World world(plan, WorldOptions{.seed = 2, .workers = workers});
      world.run();
      const bool asha = variant.scheduler == "asha";
      int complete = 0;
      for (const Trial& trial : world.study().board().trials()) {
        complete += trial.state == TrialState::kComplete ? 1 : 0;
        EXPECT_TRUE(asha || trial.state != TrialState::kPaused) << trial.id;
      }
      EXPECT_TRUE(asha || complete > 0);
    }
  }
}

// Whatever was going on when a run was cut, the next one decides the same up to there, and trains nothing
// that had been stopped.
TEST(Worlds, AStudyGoesOnFromAnyEvent) {
  for (const Variant& variant : variants()) {
    SCOPED_TRACE(variant.name);
    const StudyPlan plan = toy_plan(variant, "random", 3);
    WorldOptions options{.seed = 3, .workers = 3, .spread = 0.5};
    options.late = options.worker_loss = options.segment_failure = options.mid_save = 0.05;
    options.nan = options.bad_trial = 0.2;
    options.disk = true;
    World world(plan, options);
    world.run();
    const Record& record = world.record();
    const std::size_t stride = std::max<std::size_t>(1, record.size() / 20);
    for (std::size_t length = 1; length < record.size(); length += stride) {
      Study study(plan.settings, plan.make_scheduler());
      ASSERT_NO_THROW(replay({record.begin(), record.begin() + static_cast<std::ptrdiff_t>(length)}, study));
      std::vector<bool> over;
      for (const Trial& trial : study.board().trials()) over.push_back(is_over(trial.state));
      Begun again = std::get<Begun>(record.front().event);
      again.incarnation = study.incarnation() + 1;
      study.step(again);
      EXPECT_EQ(study.running(), 0);
      for (int worker = 0; worker < 4 && !study.finish(); ++worker) {
        const Effects effects = study.step(WorkerUp{study.next_worker(), worker, "node", "", ""});
        for (const Command& command : effects.commands) {
          const auto* run = std::get_if<coppice::Run>(&command);
          if (run == nullptr || static_cast<std::size_t>(run->trial) >= over.size()) continue;
          EXPECT_FALSE(over[static_cast<std::size_t>(run->trial)]) << "after event " << length;
        }
      }
    }
  }
}

// What a trial that trains is stopped for is its own values, so it is the same however late the stop comes.
TEST(Worlds, StopsThatLookAtOneTrialDoNotDependOnTiming) {
  std::int64_t stopped = 0;
  for (const Variant& variant : variants()) {
    const bool alone = variant.scheduler == "patience" || variant.scheduler == "threshold";
    if (!alone && (variant.scheduler != "fifo" || variant.stoppers.empty())) continue;
    const StudyPlan plan = toy_plan(variant, "random", 5);
    World calm(plan, WorldOptions{.seed = 5, .workers = 1});
    calm.run();
    WorldOptions options{.seed = 5, .workers = 6, .spread = 1, .message_s = 3};
    options.late = 0.3;
    World late(plan, options);
    late.run();
    EXPECT_GT(late.result().rejected, calm.result().rejected) << "reports came after the stop";
    for (TrialId id = 0; id < calm.study().board().size(); ++id) {
      const Trial& a = calm.study().board().trial(id);
      const Trial& b = late.study().board().trial(id);
      EXPECT_EQ(a.state, b.state);
      EXPECT_EQ(a.steps, b.steps);
      stopped += a.state == TrialState::kStopped ? 1 : 0;
    }
  }
  EXPECT_GT(stopped, 5);
}

TEST(Worlds, EverySchedulerIsThere) {
  std::set<std::string> seen;
  for (const Variant& variant : variants()) seen.insert(variant.scheduler);
  for (const SchedulerInfo& entry : schedulers()) EXPECT_TRUE(seen.contains(entry.name)) << entry.name;
}

// Losses cost time but change no result, where decisions don't depend on timing.
TEST(Worlds, WhatIsLostIsTrainedAgainToTheLastBit) {
  for (const Variant& variant : variants()) {
    if (variant.scheduler != "fifo" && variant.scheduler != "hyperband") continue;
    if (measures_again(variant)) continue;
    for (std::uint64_t seed = 0; seed < some_of(4); ++seed) {
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
