#include "spec/presets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "study_text.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

/// With what the presets name.
Catalogs catalogs_of_presets() {
  Catalogs catalogs = test_catalogs();
  for (const Preset& preset : presets()) {
    const auto add = [](std::vector<AlgorithmInfo>& catalog, std::string_view name,
                        const Preset::Options& options) {
      if (name.empty()) return;
      std::erase_if(catalog, [&](const AlgorithmInfo& info) { return info.name == name; });
      AlgorithmInfo& info = catalog.emplace_back();
      info.name = name;
      for (const auto& [option, value] : options) {
        const OptionType type = value.starts_with('[') ? OptionType::kNumbers : OptionType::kText;
        info.options.push_back({.name = std::string(option), .type = type, .help = "its value"});
      }
    };
    add(catalogs.schedulers, preset.scheduler, preset.scheduler_options);
    add(catalogs.samplers, preset.sampler, preset.sampler_options);
  }
  const auto hyperband = std::find_if(catalogs.schedulers.begin(), catalogs.schedulers.end(),
                                      [](const auto& info) { return info.name == "hyperband"; });
  hyperband->options.push_back({.name = "max_steps", .type = OptionType::kInt, .help = "the last rung"});
  return catalogs;
}

StudySpec load(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const StudyFolder folder;
  return load_study(folder.write("study.yaml", kBase + text), overrides, {}, catalogs_of_presets());
}

std::string mistake(const std::string& text) {
  try {
    load(text);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "";
}

TEST(Presets, NameASchedulerAndASamplerWithTheirConstants) {
  const StudySpec study = load("preset: bohb\n");
  EXPECT_EQ(study.scheduler.name, "hyperband");
  EXPECT_EQ(study.scheduler.options.text("sizes", ""), "table");
  EXPECT_EQ(study.sampler.name, "tpe");
  EXPECT_EQ(study.sampler.options.text("candidates", ""), "64");
}

TEST(Presets, PairsOfOneSchedulerDifferByTheirOptions) {
  const StudySpec study = load("preset: pb2\n");
  EXPECT_EQ(study.scheduler.name, "pbt");
  EXPECT_EQ(study.scheduler.options.text("explore", ""), "pb2");
  EXPECT_EQ(study.scheduler.options.text("population", ""), "8");
  const StudySpec iterated = load("preset: ipbt\n");
  EXPECT_EQ(iterated.scheduler.name, "ipbt");
  EXPECT_EQ(iterated.scheduler.options.text("explore", ""), "pb2");
}

TEST(Presets, MayHaveLists) {
  const StudySpec study = load("preset: mf-pbt\n");
  EXPECT_EQ(study.scheduler.options.numbers("frequencies", {}), (std::vector<double>{1, 10, 25, 50}));
  EXPECT_EQ(study.identity,
            load("scheduler: {name: pbt, population: 32, frequencies: [1, 10, 25, 50], exploit: truncation, "
                 "quantile: 0.25, explore: perturb, factors: [0.8, 1.25], resample_probability: 0}\n")
                .identity);
}

TEST(Presets, YieldToWhatTheStudySays) {
  const StudySpec study = load("preset: bohb\nscheduler: {max_steps: 81, sizes: formula}\nsampler: tpe\n");
  EXPECT_EQ(study.scheduler.name, "hyperband");
  EXPECT_EQ(study.scheduler.options.integer("max_steps", 0), 81);
  EXPECT_EQ(study.scheduler.options.text("sizes", ""), "formula");
  EXPECT_EQ(study.sampler.options.text("gamma", ""), "0.15");
  EXPECT_EQ(load("preset: hyperband\nsampler: tpe\n").sampler.name, "tpe");
  EXPECT_EQ(load("preset: hyperband\n", {"scheduler.max_steps=9"}).scheduler.options.integer("max_steps", 0),
            9);
  EXPECT_EQ(load("scheduler: fifo\n", {"scheduler=", "preset=bohb"}).scheduler.name, "hyperband");
}

TEST(Presets, AreWrittenOutInAStudysIdentity) {
  EXPECT_EQ(load("preset: hyperband\n").identity,
            load("scheduler: {name: hyperband, eta: 3, sizes: formula}\n").identity);
}

TEST(Presets, MistakesAreNamed) {
  EXPECT_THAT(mistake("preset: bhob\n"), HasSubstr("4:9: unknown preset 'bhob'; did you mean 'bohb'?"));
  EXPECT_THAT(mistake("preset: bohb\nscheduler: fifo\n"),
              HasSubstr("5:12: scheduler.name: preset bohb has scheduler hyperband, not 'fifo'"));
  EXPECT_THAT(mistake("preset: bohb\nsampler: {name: random}\n"),
              HasSubstr("5:17: sampler.name: preset bohb has sampler tpe, not 'random'"));
  EXPECT_THAT(mistake("preset: [bohb]\n"), HasSubstr("4:9: preset"));
  EXPECT_THAT(mistake("preset: bohb\nscheduler: [fifo]\n"), HasSubstr("5:12: scheduler"));
}

}  // namespace
}  // namespace coppice
