// The explorer that looks for the fastest improvement.
#include "samplers/pb2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "../support/parameters.hpp"
#include "samplers/catalog.hpp"

namespace coppice {
namespace {

using spaces::choice;
using spaces::integer;
using spaces::number;
using spaces::when;

constexpr Step kInterval = 5;

SearchSpace one_number() {
  return SearchSpace({number("x", 0, 1)});
}

SearchSpace some_fixed() {
  Parameter width = integer("width", 1, 8);
  width.fixed = true;
  return SearchSpace({number("rate", 1e-4, 1, true), width, choice("method", {"a", "b", "c"}),
                      when(number("momentum", 0, 1), "method", {"b"})});
}

std::unique_ptr<Sampler> pb2(const SearchSpace& space) {
  Options options;
  options.set("explore", std::string("pb2"));
  options.set("interval", kInterval);
  return make_explorer(options, space, 7);
}

/// A trial from scratch that has trained up to `steps`, each step of which changes the score by
/// `change(x, step)`.
template <class F>
Trial trained(TrialId id, double x, Step steps, F change) {
  Trial trial;
  trial.id = id;
  trial.state = TrialState::kPaused;
  trial.params = {Value(x)};
  double score = 100;
  for (Step step = 1; step <= steps; ++step) trial.curve.push_back({step, score += change(x, step)});
  trial.steps = trial.stands_at = steps;
  return trial;
}

/// Each improves by at most 1, the more the nearer to where the optimum is at that step.
double drifting(double x, Step step) {
  const double best = static_cast<double>(step) / 50;
  return (x - best) * (x - best) - 1;
}

Proposal ask(const Sampler& explorer, TrialId trial, const Trial& donor, Step step) {
  return explorer.ask({trial, &donor.params, &donor.params, Origin{donor.id, step}});
}

TEST(Pb2, ProposesWhereTheImprovementIsFastestNow) {
  const auto explorer = pb2(one_number());
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 8; ++id) {
    trials.push_back(trained(id, 0.02 + static_cast<double>(id) / 8, 40, drifting));
    explorer->tell(trials.back());
  }
  for (const Step step : {15, 40}) {
    const double best = static_cast<double>(step + 3) / 50;  // in the middle of the interval that follows
    const Proposal found = ask(*explorer, 100, trials[0], step);
    EXPECT_NEAR(std::get<double>(found.params[0]), best, 0.2) << found.note;
    EXPECT_TRUE(found.note.starts_with("pb2: by ")) << found.note;
  }
}

TEST(Pb2, KnowsNothingOfLaterStepsAndOfTheOrderInWhichItWasTold) {
  const auto one = pb2(one_number());
  const auto other = pb2(one_number());
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 6; ++id) trials.push_back(trained(id, static_cast<double>(id) / 6, 20, drifting));
  for (const Trial& trial : trials) one->tell(trial);
  for (TrialId id = 5; id >= 0; --id) other->tell(trained(id, static_cast<double>(id) / 6, 35, drifting));
  EXPECT_EQ(ask(*one, 9, trials[1], 20).params, ask(*other, 9, trials[1], 20).params);
}

TEST(Pb2, AnotherCloneThatIsUnderWayKeepsTheNextOneAway) {
  const auto explorer = pb2(one_number());
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 4; ++id) {
    trials.push_back(
        trained(id, 0.1 + 0.25 * static_cast<double>(id), 10, [](double, Step) { return -1.0; }));
    explorer->tell(trials.back());
  }
  trials.push_back(trained(4, 0.5, 10, [](double, Step) { return -2.0; }));
  explorer->tell(trials.back());
  const Proposal first = ask(*explorer, 10, trials[4], 10);
  Trial asked;
  asked.id = 10;
  asked.state = TrialState::kReady;
  asked.params = first.params;
  asked.origin = Origin{4, 10};
  explorer->tell(asked);
  const Proposal second = ask(*explorer, 11, trials[4], 10);
  EXPECT_TRUE(second.note.ends_with(", 1 pending")) << second.note;
  EXPECT_NE(first.params, second.params);
}

TEST(Pb2, IsDefinedForFewChangesAndForEqualScores) {
  const auto explorer = pb2(one_number());
  const Trial first = trained(0, 0.5, kInterval, [](double, Step) { return -1.0; });
  EXPECT_TRUE(ask(*explorer, 5, first, kInterval).note.starts_with("pb2: no score to begin from: "));
  explorer->tell(first);
  EXPECT_TRUE(ask(*explorer, 5, first, kInterval).note.starts_with("pb2: too few changes: "));
  for (TrialId id = 1; id < 4; ++id) {
    explorer->tell(trained(id, 0.2 * static_cast<double>(id), kInterval, [](double, Step) { return -1.0; }));
  }
  EXPECT_TRUE(ask(*explorer, 5, first, kInterval).note.starts_with("pb2: every change is the same: "));
  explorer->tell(trained(4, 0.9, kInterval, [](double, Step) { return -2.0; }));
  const Proposal found = ask(*explorer, 5, first, kInterval);
  EXPECT_TRUE(found.note.starts_with("pb2: by 5 changes")) << found.note;
  EXPECT_TRUE(one_number().admits(found.params));
}

TEST(Pb2, WhatDivergesIsAvoided) {
  const auto explorer = pb2(one_number());
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 8; ++id) {
    const double x = 0.05 + static_cast<double>(id) / 8;
    trials.push_back(trained(id, x, kInterval * 2, [](double at, Step) { return -at; }));
    if (x > 0.6) trials.back().curve.back().score = kWorst;
    explorer->tell(trials.back());
  }
  const Proposal found = ask(*explorer, 20, trials[3], kInterval * 2);
  EXPECT_LT(std::get<double>(found.params[0]), 0.7) << found.note;
}

TEST(Pb2, EveryKindOfParameterAndWhatIsFixedComesFromTheState) {
  const SearchSpace space = some_fixed();
  const auto explorer = pb2(space);
  const auto sampler = make_sampler("random", {}, space, 3);
  std::vector<Trial> trials;
  for (TrialId id = 0; id < 10; ++id) {
    Trial trial = trained(id, 0, 10, [id](double, Step) { return -1.0 - 0.1 * static_cast<double>(id); });
    trial.params = sampler->ask({id}).params;
    trials.push_back(trial);
    explorer->tell(trial);
  }
  for (TrialId id = 0; id < 10; ++id) {
    const Values& base = trials[static_cast<std::size_t>(id)].params;
    const Values& origin = trials[static_cast<std::size_t>(9 - id)].params;
    const Proposal found = explorer->ask({100 + id, &base, &origin, Origin{9 - id, 10}});
    EXPECT_TRUE(space.admits(found.params)) << found.note;
    EXPECT_EQ(found.params[1], origin[1]);
  }
}

}  // namespace
}  // namespace coppice
