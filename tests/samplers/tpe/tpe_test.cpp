// The sampler as a study meets it: what it learns from, and where it looks then.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "../spaces.hpp"
#include "samplers/catalog.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;

Trial told(TrialId id, Values params, std::optional<double> score) {
  Trial trial;
  trial.id = id;
  trial.params = std::move(params);
  trial.state = score ? TrialState::kComplete : TrialState::kRunning;
  if (score) trial.curve = {{1, *score}};
  return trial;
}

/// Trials that came to `steps` with `score`, and stand there.
Trial paused(TrialId id, Values params, Step steps, double score) {
  Trial trial = told(id, std::move(params), std::nullopt);
  trial.state = TrialState::kPaused;
  trial.curve = {{steps, score}};
  trial.steps = trial.stands_at = steps;
  return trial;
}

TEST(Tpe, LearnsFromTheLargestStepThatEnoughTrialsHaveComeTo) {
  const SearchSpace space({number("x", 0, 1)});
  const auto sampler = make_sampler("tpe", {}, space, 7);
  const auto mean = [&](TrialId first) {
    double sum = 0;
    for (TrialId trial = first; trial < first + 100; ++trial) {
      sum += std::get<double>(sampler->ask({trial, nullptr}).params[0]);
    }
    return sum / 100;
  };
  // At step 1 small x seem good, and the scores are lower than any later.
  for (TrialId trial = 0; trial < 60; ++trial) {
    const double x = static_cast<double>(trial % 20) / 20;
    sampler->tell(paused(trial, {x}, 1, x - 10));
  }
  EXPECT_LT(mean(1000), 0.3);
  // At step 9 large ones are.
  for (TrialId trial = 60; trial < 80; ++trial) {
    const double x = static_cast<double>(trial % 20) / 20;
    sampler->tell(paused(trial, {x}, 9, 1 - x));
  }
  EXPECT_GT(mean(1000), 0.7);
}

TEST(Tpe, AShareIsRandom) {
  const SearchSpace space({number("x", 0, 1)});
  Options options;
  options.set("random_share", 0.5);
  const auto sampler = make_sampler("tpe", options, space, 7);
  const auto random = make_sampler("random", {}, space, 7);
  for (TrialId trial = 0; trial < 40; ++trial) sampler->tell(told(trial, {0.5}, 1.0));
  int same = 0;
  for (TrialId trial = 100; trial < 500; ++trial) {
    same += sampler->ask({trial, nullptr}).params == random->ask({trial, nullptr}).params ? 1 : 0;
  }
  EXPECT_NEAR(same, 200, 50);  // five standard deviations; the seed is fixed
}

TEST(Tpe, SpreadDrawsCandidatesFurtherFromTheGoodOnes) {
  const SearchSpace space({number("x", 0, 1)});
  const auto deviation = [&](double spread) {
    Options options;
    options.set("spread", spread);
    options.set("candidates", std::int64_t{1});
    const auto sampler = make_sampler("tpe", options, space, 7);
    for (TrialId trial = 0; trial < 200; ++trial) {
      sampler->tell(told(trial, {0.5 + 0.001 * static_cast<double>(trial % 7)}, static_cast<double>(trial)));
    }
    double sum = 0;
    for (TrialId trial = 200; trial < 400; ++trial) {
      sum += std::abs(std::get<double>(sampler->ask({trial, nullptr}).params[0]) - 0.5);
    }
    return sum;
  };
  EXPECT_GT(deviation(3), 1.5 * deviation(1));
}

TEST(Tpe, BeginsAsRandomDoes) {
  const SearchSpace space({number("x", 0, 1), integer("n", 1, 1000, true)});
  const auto sampler = make_sampler("tpe", {}, space, 7);
  const auto random = make_sampler("random", {}, space, 7);
  for (TrialId trial = 0; trial < 10; ++trial) {
    const Values params = sampler->ask({trial, nullptr}).params;
    EXPECT_EQ(params, random->ask({trial, nullptr}).params);
    sampler->tell(told(trial, params, 1.0));
  }
  EXPECT_NE(sampler->ask({10, nullptr}).params, random->ask({10, nullptr}).params);
  EXPECT_EQ(sampler->ask({10, nullptr}).note, "tpe: candidate 1 of 24, 1 good of 10 results");
}

TEST(Tpe, LooksWhereTheBestAreAndKeepsAwayFromWhatRuns) {
  for (const bool multivariate : {true, false}) {
    Options options;
    options.set("multivariate", multivariate);
    const SearchSpace space({number("x", 0, 1), choice("c", {"good", "bad"})});
    const auto sampler = make_sampler("tpe", options, space, 7);
    for (TrialId trial = 0; trial < 60; ++trial) {
      const double u = static_cast<double>(trial % 20) / 20;
      const char* const word = trial % 3 == 0 ? "good" : "bad";
      sampler->tell(told(trial, {u, std::string(word)}, std::abs(u - 0.2) + (trial % 3 == 0 ? 0 : 1)));
    }
    int near = 0;
    int good = 0;
    for (TrialId trial = 60; trial < 160; ++trial) {
      const Values params = sampler->ask({trial, nullptr}).params;
      near += std::abs(std::get<double>(params[0]) - 0.2) < 0.2 ? 1 : 0;
      good += std::get<std::string>(params[1]) == "good" ? 1 : 0;
    }
    EXPECT_GT(near, 80);
    EXPECT_GT(good, 80);
  }
}

TEST(Tpe, ProposesNothingTwiceWhileAFiniteSpaceHasMore) {
  Parameter grid = number("g", 0, 1);
  grid.step = 0.25;
  Parameter mode = choice("mode", {"a", "b"});
  mode.when = Condition{"c", {std::string("x")}};
  const SearchSpace space({choice("c", {"x", "y"}), grid, integer("n", 1, 4), mode});
  const auto sampler = make_sampler("tpe", {}, space, 7);
  std::set<Values> seen;
  for (TrialId trial = 0; trial < 50; ++trial) {  // of 60 that there are
    const Values params = sampler->ask({trial, nullptr}).params;
    EXPECT_TRUE(seen.insert(params).second) << trial;
    sampler->tell(told(trial, params, std::nullopt));
    sampler->tell(told(trial, params, std::get<double>(params[1])));
  }
  for (TrialId trial = 50; trial < 80; ++trial) {
    const Values params = sampler->ask({trial, nullptr}).params;
    EXPECT_TRUE(space.admits(params));
    sampler->tell(told(trial, params, 1.0));
  }
}

}  // namespace
}  // namespace coppice
