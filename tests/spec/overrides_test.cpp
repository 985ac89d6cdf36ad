#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study_text.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Overrides, ChangeAndAdd) {
  const StudyFolder folder;
  const StudySpec study =
      folder.load(kBase + "scheduler: fifo\nsampler: tpe\n",
                  {"scheduler={name: pbt, population: 4}", "scheduler.population=8", "sampler.candidates=32",
                   "space.x.low=-1", "space.y={type: categorical, choices: [a, b]}", "space.y.choices.1=c",
                   "budget.trials=3", "name=a=b", "seed=5"});
  EXPECT_EQ(study.scheduler.options.integer("population", 0), 8);
  EXPECT_EQ(study.sampler.name, "tpe");
  EXPECT_EQ(study.sampler.options.integer("candidates", 0), 32);
  EXPECT_EQ(study.space.parameters()[0].low, -1);
  EXPECT_EQ(std::get<std::string>(study.space.parameters()[1].choices[1]), "c");
  EXPECT_EQ(study.budget.trials, 3);
  EXPECT_EQ(study.name, "a=b");
  EXPECT_EQ(study.seed, 5u);
  EXPECT_EQ(study.text, kBase + "scheduler: fifo\nsampler: tpe\n");
}

TEST(Overrides, StoppersToo) {
  const StudySpec study = StudyFolder().load(kBase + "stoppers: [{name: patience, steps: 3}, threshold]\n",
                                             {"stoppers.0.steps=5", "stoppers.1.upper=2"});
  EXPECT_EQ(study.stoppers.at(0).options.integer("steps", 0), 5);
  EXPECT_EQ(study.stoppers.at(1).name, "threshold");
  EXPECT_EQ(study.stoppers.at(1).options.number("upper", 0), 2);
}

TEST(Overrides, AKeyMayHoldDots) {
  const StudySpec study = StudyFolder().load(
      kNoSpace + "space: {model: {type: int, low: 0, high: 3}, model.lr: {type: float, low: 0, high: 1}}\n",
      {"space.model.lr.high=4", "space.model.high=9"});
  EXPECT_EQ(study.space.parameters()[0].high, 9);
  EXPECT_EQ(study.space.parameters()[1].high, 4);
}

TEST(Overrides, SeedIsStrongest) {
  EXPECT_EQ(StudyFolder().load(kBase + "seed: 1\n", {"seed=2"}, 3).seed, 3u);
  EXPECT_EQ(StudyFolder().load(kBase + "seed: 1\n", {"seed=2"}).seed, 2u);
}

TEST(Overrides, MistakesNameTheArgument) {
  struct Case {
    std::string argument;
    std::string words;
  };
  for (const Case& c : std::vector<Case>{{"seed", "expected KEY=VALUE"},
                                         {"=3", "expected KEY=VALUE"},
                                         {"space..x=3", "empty"},
                                         {"space.=3", "empty"},
                                         {"sede=3", "did you mean 'seed'"},
                                         {"seed=", "found nothing"},
                                         {"seed=[1", "not valid YAML"},
                                         {"name=\"x", "never closed"},
                                         {"seed.x=3", "holds no keys"},
                                         {"space.x.low=2", "empty range"},
                                         {"space.x.lwo=2", "did you mean 'low'"},
                                         {"space.z.low=2", "space.z.type: is missing"},
                                         {"budget.trials=0", "at least 1"},
                                         {"scheduler.eta=1", "unknown option 'eta' of scheduler fifo"},
                                         {"trainable.command.7=x", "no index of a list of 2"}}) {
    const StudyFolder folder;
    const bool command = c.argument.starts_with("trainable.command");
    const std::string text = command
                                 ? kBase.substr(0, kBase.find("trainable")) + "trainable: {command: [a, b]}\n"
                                 : kBase + "seed: 1\nscheduler: fifo\n";
    try {
      folder.load(text, {c.argument});
      ADD_FAILURE() << c.argument;
    } catch (const SpecError& error) {
      EXPECT_THAT(error.what(), StartsWith("--set " + c.argument + ": "));
      EXPECT_THAT(error.what(), HasSubstr(c.words));
    }
  }
}

}  // namespace
}  // namespace coppice
