#include "samplers/cmaes/generations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace coppice::cmaes {
namespace {

using Kind = Observation::Kind;

constexpr Observation kPending = {Kind::kPending, kWorst};

struct Told {
  std::string tag;
  Genotype genotype;
  Observation observation = kPending;
};

Generations make(int population = 6) {
  Settings settings;
  settings.population = population;
  return Generations({{{}, {}, {0.25, 0.5, 0.75}}, {3}}, settings, 7);
}

double value(const Genotype& genotype) {
  return (genotype.x.array() - 0.4).square().sum() + genotype.choices[0];
}

/// Trials under way, which end in a random order.
struct Life {
  Generations& generations;
  std::vector<Told> told = {};
  std::vector<TrialId> running = {};
  Rng rng = Rng(5, Purpose::kSimulate, 0);

  void run(int count, std::size_t workers) {
    for (int i = 0; i < count; ++i) {
      const auto trial = static_cast<TrialId>(told.size());
      told.push_back({generations.tag(), generations.draw(trial)});
      tell(generations, trial);
      running.push_back(trial);
      if (running.size() < workers) continue;
      const std::size_t at = rng.below(running.size());
      const TrialId ended = running[at];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
      Told& end = told[static_cast<std::size_t>(ended)];
      end.observation = {Kind::kScored, value(end.genotype)};
      tell(generations, ended);
    }
  }

  void tell(Generations& to, TrialId trial) const {
    const Told& one = told[static_cast<std::size_t>(trial)];
    to.tell(trial, one.tag, one.observation, one.genotype);
  }
};

TEST(Generations, AreMadeOfAnyResultsAndNoneIsLost) {
  for (const std::size_t workers : {1u, 8u, 64u}) {
    Generations generations = make();
    Life life{generations};
    life.run(600, workers);
    const auto results = 600 - static_cast<int>(life.running.size());
    EXPECT_EQ(generations.number(), results / 6) << workers;
    EXPECT_EQ(generations.restarts(), 0);
    EXPECT_LT((generations.evolution().mean().head(2).array() - 0.4).abs().maxCoeff(), 0.1) << workers;
  }
}

TEST(Generations, ATagSaysOnceWhatMadeAGeneration) {
  Generations generations = make();
  Life life{generations};
  life.run(13, 1);
  EXPECT_EQ(life.told[0].tag, "0");
  EXPECT_EQ(life.told[5].tag, "0");
  EXPECT_EQ(life.told[6].tag, "1<0,1,2,3,4,5");
  EXPECT_EQ(life.told[7].tag, "1");
  EXPECT_EQ(life.told[12].tag, "2<6,7,8,9,10,11");
}

TEST(Generations, AreTheSameAfterAResume) {
  for (const std::size_t workers : {2u, 8u, 64u}) {
    Generations generations = make();
    Life life{generations};
    for (int round = 0; round < 12; ++round) {
      life.run(37, workers);
      Generations resumed = make();
      for (TrialId trial = 0; trial < static_cast<TrialId>(life.told.size()); ++trial) {
        life.tell(resumed, trial);
      }
      ASSERT_EQ(resumed.number(), generations.number());
      ASSERT_EQ(resumed.evolution().mean(), generations.evolution().mean());
      const auto next = static_cast<TrialId>(life.told.size());
      ASSERT_EQ(resumed.draw(next).x, generations.draw(next).x);
      ASSERT_EQ(resumed.tag(), generations.tag());
    }
  }
}

TEST(Generations, TakeWhatOthersProposed) {
  Generations generations = make();
  Genotype given{Eigen::VectorXd::Constant(3, 0.9), {1}};
  for (TrialId trial = 0; trial < 6; ++trial) {
    generations.tell(trial, "not a tag", {Kind::kScored, 1.0}, given);
    given.x[0] -= 0.01;
  }
  EXPECT_EQ(generations.number(), 1);
  EXPECT_GT(generations.evolution().mean()[1], 0.5);
  for (TrialId trial = 6; trial < 12; ++trial) {
    generations.tell(trial, generations.tag(), {Kind::kFailed, kWorst}, generations.draw(trial));
  }
  EXPECT_EQ(generations.number(), 2);
}

}  // namespace
}  // namespace coppice::cmaes
