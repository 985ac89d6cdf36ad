#include "spec/identity.hpp"

#include <gtest/gtest.h>

#include "study_text.hpp"

namespace coppice {
namespace {

std::string difference(const std::string& then, const std::string& now) {
  const StudyFolder folder;
  return first_difference(folder.load(then).identity, folder.load(now).identity).value_or("none");
}

std::string space(const std::string& parameters) {
  return kNoSpace + "space: {" + parameters + "}\n";
}

TEST(Identity, HowItIsWrittenDoesNotMatter) {
  EXPECT_EQ(
      difference(kBase, kBase + "sampler: {name: auto}\nscheduler: fifo\nseed: 0\ndeterministic: false\n"),
      "none");
  EXPECT_EQ(difference(space("x: {type: float, low: 1e-4, high: 1}"),
                       space("x: {high: 1.0, low: 0.0001, type: float, log: false, fixed: false}")),
            "none");
  EXPECT_EQ(difference(space("n: {type: int, low: 1, high: 9}"),
                       space("n: {type: int, low: 1.0, high: 9, step: 1}")),
            "none");
  EXPECT_EQ(difference(kBase + "sampler: tpe\n", kBase + "sampler: {name: tpe}\n"), "none");
}

TEST(Identity, WhatMayChangeBetweenStarts) {
  EXPECT_EQ(
      difference(kBase,
                 kBase +
                     "name: other\nbudget: {trials: 9, wall_time: 1h, target: 1}\n"
                     "resources: {gpus_per_worker: 0}\ntimeouts: {segment: 1h}\nretries: 5\n"
                     "checkpoints: {every: 5}\npatience: 9\ncoordinator: dedicated\nslurm: {extra: [-y]}\n"),
      "none");
}

TEST(Identity, TheFirstDifferenceIsNamed) {
  EXPECT_EQ(difference(space("learning_rate: {type: float, low: 1e-4, high: 1}"),
                       space("learning_rate: {type: float, low: 1e-3, high: 1}")),
            "space.learning_rate.low was 0.0001, is 0.001");
  EXPECT_EQ(difference(space("a: {type: int, low: 0, high: 1}, b: {type: int, low: 0, high: 1}"),
                       space("a: {type: int, low: 0, high: 1}")),
            "space was [a, b], is [a]");
  EXPECT_EQ(difference(space("x: {type: float, low: 0, high: 1}"),
                       space("x: {type: float, low: 0, high: 1, prior: {mean: 0.5, deviation: 0.2}}")),
            "space.x.prior.mean was not set, is 0.5");
  EXPECT_EQ(difference(space("c: {type: categorical, choices: [1, 2]}"),
                       space("c: {type: categorical, choices: ['1', 2]}")),
            "space.c.choices was [1, 2], is [\"1\", 2]");
  EXPECT_EQ(difference(kBase + "sampler: tpe\n", kBase + "sampler: {name: tpe, candidates: 9}\n"),
            "sampler.candidates was not set, is 9");
  EXPECT_EQ(difference(kBase + "sampler: {name: tpe, candidates: 9}\n", kBase + "sampler: tpe\n"),
            "sampler.candidates was 9, is not set");
  EXPECT_EQ(difference(kBase, kBase + "stoppers: [{name: threshold, upper: 3}]\n"),
            "stoppers.0.name was not set, is threshold");
  EXPECT_EQ(difference(kBase + "stoppers: [{name: patience, steps: 2}, {name: threshold, upper: 3}]\n",
                       kBase + "stoppers: [{name: patience, steps: 2}, {name: threshold, upper: 4}]\n"),
            "stoppers.1.upper was 3, is 4");
  EXPECT_EQ(difference(kBase, kBase + "repeats: 1\n"), "none");
  EXPECT_EQ(difference(kBase, kBase + "repeats: 3\n"), "repeats was not set, is 3");
  EXPECT_EQ(difference(kBase, kBase + "budget: {steps_per_trial: 3}\n"),
            "budget.steps_per_trial was none, is 3");
  EXPECT_EQ(difference(kBase, kBase + "seed: 1\n"), "seed was 0, is 1");
  EXPECT_EQ(difference(kBase, kBase + "deterministic: true\n"), "deterministic was false, is true");
}

TEST(Identity, SeedFromTheCommandLineCounts) {
  const StudyFolder folder;
  EXPECT_EQ(first_difference(folder.load(kBase, {}, 4).identity, folder.load(kBase + "seed: 4\n").identity),
            std::nullopt);
}

TEST(Identity, TheProgramThatExploresIsPartOfIt) {
  const StudyFolder folder;
  folder.write("explore.py", "");
  const auto identity = [&](const std::string& explore) {
    return folder.load(kBase + "scheduler: {name: pbt, population: 4, explore: " + explore + "}\n").identity;
  };
  const Identity python = identity("{command: [python3, explore.py]}");
  EXPECT_EQ(python, identity("{command: [python3, explore.py]}"));
  EXPECT_EQ(first_difference(identity("perturb"), python),
            "scheduler.explore was perturb, is command [\"python3\", \"explore.py\"]");
  EXPECT_EQ(first_difference(python, identity("{plugin: explore.py}")),
            "scheduler.explore was command [\"python3\", \"explore.py\"], is plugin \"explore.py\"");
}

TEST(PlaceInStudy, IsThatOfTheFileOrOfAnOverride) {
  const StudyFolder folder;
  const auto file =
      folder.write("study.yaml", kBase + "scheduler: {name: pbt, population: 4, explore: none}\n");
  const Place place = place_in_study(file, {}, "scheduler.explore");
  EXPECT_EQ(place.line, 4);
  EXPECT_EQ(place.column, 48);
  EXPECT_EQ(place_in_study(file, {"scheduler.explore=perturb"}, "scheduler.explore").source,
            "--set scheduler.explore=perturb");
  EXPECT_EQ(place_in_study(file, {}, "sampler.name").line, 1);
}

}  // namespace
}  // namespace coppice
