#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "study_text.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;

// The example of the design, to the letter, but for options that the small catalogs here lack.
const std::string kExample = R"(name: digits-pbt
objective: {metric: val_loss, direction: minimize}          # or objectives: [ … ] for several
space:
  learning_rate: {type: float, low: 1.0e-4, high: 1.0, log: true}
  batch_size:    {type: int, low: 16, high: 256, log: true}
  optimizer:     {type: categorical, choices: [sgd, adam]}
  momentum:      {type: float, low: 0.5, high: 0.99, when: {optimizer: sgd}}   # conditional
  hidden:        {type: categorical, choices: [32, 64, 128], ordered: true, fixed: true}   # fixed: a clone inherits it
sampler:   {name: random}                                     # name + its own options
scheduler: {name: pbt, population: 16, interval: 2}
budget:    {steps_per_trial: 60, trials: 200, wall_time: 2h, target: 0.05}    # whichever comes first
trainable: {builtin: mlp, dataset: digits}                    # or command: [python3, train.py]; or plugin: ./libx.so
resources: {gpus_per_worker: auto, ranks_per_trial: 1, cpus_per_worker: auto}   # gpus_per_worker: 0, 1, 2, or a fraction
seed: 7
)";

TEST(GoodStudy, TheExampleOfTheDesign) {
  Catalogs catalogs = test_catalogs();
  catalogs.schedulers[2].options.push_back({"interval", OptionType::kInt, "steps", true, 1, 1e6});
  const StudyFolder folder;
  const StudySpec study = load_study(folder.write("study.yaml", kExample), {}, {}, catalogs);
  EXPECT_EQ(study.name, "digits-pbt");
  ASSERT_EQ(study.objectives.size(), 1u);
  EXPECT_EQ(study.objectives[0].metric, "val_loss");
  EXPECT_TRUE(study.objectives[0].minimize);

  ASSERT_EQ(study.space.size(), 5u);
  const Parameter& rate = study.space.parameters()[0];
  EXPECT_EQ(rate.name, "learning_rate");
  EXPECT_EQ(rate.type, ParameterType::kFloat);
  EXPECT_EQ(rate.low, 1e-4);
  EXPECT_EQ(rate.high, 1);
  EXPECT_TRUE(rate.log);
  const Parameter& batch = study.space.parameters()[1];
  EXPECT_EQ(batch.type, ParameterType::kInt);
  EXPECT_EQ(batch.cardinality(), 241);
  const Parameter& momentum = study.space.parameters()[3];
  ASSERT_TRUE(momentum.when);
  EXPECT_EQ(momentum.when->parent, "optimizer");
  EXPECT_THAT(momentum.when->values, ElementsAre(Value(std::string("sgd"))));
  const Parameter& hidden = study.space.parameters()[4];
  EXPECT_TRUE(hidden.ordered);
  EXPECT_TRUE(hidden.fixed);
  EXPECT_THAT(hidden.choices,
              ElementsAre(Value(std::int64_t{32}), Value(std::int64_t{64}), Value(std::int64_t{128})));

  EXPECT_EQ(study.sampler.name, "random");
  EXPECT_EQ(study.scheduler.name, "pbt");
  EXPECT_EQ(study.scheduler.options.integer("population", 0), 16);
  EXPECT_EQ(study.scheduler.options.integer("interval", 0), 2);
  EXPECT_EQ(study.budget.steps_per_trial, 60);
  EXPECT_EQ(study.budget.trials, 200);
  EXPECT_EQ(study.budget.wall_time_s, 7200);
  EXPECT_EQ(study.budget.target, 0.05);
  EXPECT_EQ(study.trainable.kind, TrainableKind::kBuiltin);
  EXPECT_EQ(study.trainable.builtin, "mlp");
  EXPECT_THAT(study.trainable.settings, ElementsAre(testing::Pair("dataset", Value(std::string("digits")))));
  EXPECT_FALSE(study.resources.gpus_per_worker);
  EXPECT_EQ(study.resources.ranks_per_trial, 1);
  EXPECT_FALSE(study.resources.cpus_per_worker);
  EXPECT_EQ(study.seed, 7u);
  EXPECT_EQ(study.text, kExample);
  EXPECT_EQ(study.directory, folder.path());
}

TEST(GoodStudy, PatienceInTrialsAndInSteps) {
  const StudyFolder folder;
  EXPECT_EQ(folder.load(kBase).patience.trials, std::nullopt);
  EXPECT_EQ(folder.load(kBase + "patience: 20\n").patience.trials, 20);
  const Patience patience = folder.load(kBase + "patience: {steps: 100, min_delta: 0.01}\n").patience;
  EXPECT_EQ(patience.trials, std::nullopt);
  EXPECT_EQ(patience.steps, 100);
  EXPECT_EQ(patience.min_delta, 0.01);
}

TEST(GoodStudy, PriorsAreNormalOrLogNormal) {
  const StudyFolder folder;
  const StudySpec study =
      folder.load(kNoSpace +
                  "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 0.9, deviation: 0.2}}\n"
                  "  y: {type: float, low: 1e-5, high: 1, log: true, prior: {factor: 10, mean: 1e-3}}\n");
  ASSERT_TRUE(study.space.parameters()[0].prior);
  EXPECT_EQ(study.space.parameters()[0].prior->mean, 0.9);
  EXPECT_EQ(study.space.parameters()[0].prior->deviation, 0.2);
  ASSERT_TRUE(study.space.parameters()[1].prior);
  EXPECT_EQ(study.space.parameters()[1].prior->mean, 1e-3);
  EXPECT_DOUBLE_EQ(study.space.parameters()[1].prior->deviation, std::log(10));
}

TEST(GoodStudy, DefaultsOfTheShortestFile) {
  const StudySpec study = StudyFolder().load(kBase);
  EXPECT_EQ(study.name, "study");  // as its file
  EXPECT_EQ(study.sampler.name, "auto");
  EXPECT_EQ(study.scheduler.name, "fifo");
  EXPECT_TRUE(study.stoppers.empty());
  EXPECT_FALSE(study.budget.trials || study.budget.steps_per_trial || study.budget.wall_time_s ||
               study.budget.target);
  EXPECT_EQ(study.retries, 2);
  EXPECT_EQ(study.timeouts.startup_s, 120);
  EXPECT_FALSE(study.timeouts.segment_s);
  EXPECT_FALSE(study.timeouts.stop_s);
  EXPECT_EQ(study.timeouts.worker_s, 60);
  EXPECT_EQ(study.checkpoints.keep, 2);
  EXPECT_EQ(study.checkpoints.every_s, 60);
  EXPECT_TRUE(study.checkpoints.directory.empty());
  EXPECT_FALSE(study.resources.memory_per_worker_bytes);
  EXPECT_FALSE(study.resources.gpu_memory_bytes);
  EXPECT_FALSE(study.deterministic.enabled);
  EXPECT_FALSE(study.dedicated_coordinator);
  EXPECT_EQ(study.seed, 0u);
}

TEST(GoodStudy, EveryOtherKey) {
  const StudySpec study = StudyFolder().load(
      "name: étude\n"
      "objectives: [{metric: val_loss, direction: maximize}]\n"
      "space: {x: {type: float, low: -1, high: 1, step: 0.25}}\n"
      "trainable: {builtin: mlp, threads: 2}\n"
      "sampler: {name: tpe, candidates: 16.0, gamma: 1, multivariate: true}\n"
      "scheduler: {name: pbt, population: 1e1, factors: [0.8, 2]}\n"
      "budget: {steps_per_trial: 1e3, wall_time: 1-02:03:04}\n"
      "resources: {gpus_per_worker: 0.5, cpus_per_worker: 2, ranks_per_trial: 1, "
      "memory_per_worker: 2GiB, gpu_memory: 10GB}\n"
      "deterministic: {lag: 64}\nretries: 0\nrepeats: 1\ncoordinator: dedicated\n"
      "timeouts: {startup: 5m, segment: 1h30m, stop: 10, worker: 1s}\ncheckpoints: {every: 0, keep: 1, "
      "directory: /scratch/../ckpt}\n"
      "slurm: {prologue: [module load cuda], extra: [--qos=high, '#SBATCH -n 2']}\nseed: "
      "18446744073709551615\n");
  EXPECT_EQ(study.name, "étude");
  EXPECT_FALSE(study.objectives[0].minimize);
  EXPECT_EQ(study.space.parameters()[0].cardinality(), 9);
  EXPECT_THAT(study.trainable.settings, ElementsAre(testing::Pair("threads", Value(std::int64_t{2}))));
  EXPECT_EQ(study.sampler.options.integer("candidates", 0), 16);
  EXPECT_EQ(study.sampler.options.number("gamma", 0), 1);
  EXPECT_TRUE(study.sampler.options.flag("multivariate", false));
  EXPECT_EQ(study.scheduler.options.integer("population", 0), 10);
  EXPECT_THAT(study.scheduler.options.numbers("factors", {}), ElementsAre(0.8, 2));
  EXPECT_EQ(study.budget.steps_per_trial, 1000);
  EXPECT_EQ(study.budget.wall_time_s, 86400 + 2 * 3600 + 3 * 60 + 4);
  EXPECT_EQ(study.resources.gpus_per_worker, 0.5);
  EXPECT_EQ(study.resources.cpus_per_worker, 2);
  EXPECT_EQ(study.resources.ranks_per_trial, 1);
  EXPECT_TRUE(study.deterministic.enabled);
  EXPECT_EQ(study.deterministic.lag, 64);
  EXPECT_THAT(study.slurm.prologue, ElementsAre("module load cuda"));
  EXPECT_THAT(study.slurm.extra, ElementsAre("--qos=high", "#SBATCH -n 2"));
  EXPECT_EQ(study.retries, 0);
  EXPECT_TRUE(study.dedicated_coordinator);
  EXPECT_EQ(study.timeouts.startup_s, 300);
  EXPECT_EQ(study.timeouts.segment_s, 5400);
  EXPECT_EQ(study.timeouts.stop_s, 10);
  EXPECT_EQ(study.timeouts.worker_s, 1);
  EXPECT_EQ(study.checkpoints.keep, 1);
  EXPECT_EQ(study.checkpoints.every_s, 0);
  EXPECT_EQ(study.checkpoints.directory, "/ckpt");
  EXPECT_EQ(study.resources.memory_per_worker_bytes, std::int64_t{2} << 30);
  EXPECT_EQ(study.resources.gpu_memory_bytes, 10'000'000'000);
  EXPECT_EQ(study.seed, 18446744073709551615u);
}

TEST(GoodStudy, RepeatsOfEachTrial) {
  EXPECT_EQ(StudyFolder().load(kBase).repeats, 1);
  EXPECT_EQ(StudyFolder().load(kBase + "repeats: 5\n").repeats, 5);
  EXPECT_EQ(StudyFolder().load(kBase + "repeats: 1\nscheduler: {name: pbt, population: 4}\n").repeats, 1);
}

TEST(GoodStudy, ChoicesKeepTheTypeTheyAreWrittenAs) {
  const StudySpec study = StudyFolder().load(kNoSpace +
                                             "space:\n  c: {type: categorical, choices: [true, off, 1, 2.5, "
                                             "'1', 007, none, 1e3, 2024-01-01, 0x10, !!str 5]}\n");
  EXPECT_THAT(study.space.parameters()[0].choices,
              ElementsAre(Value(true), Value(std::string("off")), Value(std::int64_t{1}), Value(2.5),
                          Value(std::string("1")), Value(std::string("007")), Value(std::string("none")),
                          Value(1000.0), Value(std::string("2024-01-01")), Value(std::string("0x10")),
                          Value(std::string("5"))));
}

TEST(GoodStudy, ConditionsMayStandBeforeTheirParentAndChain) {
  const StudySpec study =
      StudyFolder().load(kNoSpace +
                         "space:\n"
                         "  leaf: {type: float, low: 0, high: 1, when: {layers: [2.0, 3]}}\n"
                         "  layers: {type: int, low: 1, high: 3, when: {net: true}}\n"
                         "  net: {type: categorical, choices: [true, false]}\n");
  ASSERT_EQ(study.space.size(), 3u);
  EXPECT_EQ(study.space.parameters()[0].name, "net");
  EXPECT_EQ(study.space.parameters()[2].name, "leaf");
  EXPECT_THAT(study.space.parameters()[2].when->values,
              ElementsAre(Value(std::int64_t{2}), Value(std::int64_t{3})));
}

TEST(GoodStudy, AnchorsAndMergeKeys) {
  const StudySpec study = StudyFolder().load(kNoSpace +
                                             "space:\n"
                                             "  a: &unit {type: float, low: 0, high: 1}\n"
                                             "  b: *unit\n"
                                             "  c: {<<: *unit, high: 5}\n"
                                             "  d: {<<: [{low: 2}, *unit], high: 9}\n");
  EXPECT_EQ(study.space.parameters()[1].high, 1);
  EXPECT_EQ(study.space.parameters()[2].low, 0);
  EXPECT_EQ(study.space.parameters()[2].high, 5);
  EXPECT_EQ(study.space.parameters()[3].low, 2);
  EXPECT_EQ(study.space.parameters()[3].high, 9);
}

TEST(GoodStudy, ShortFormsWindowsLinesAndByteOrderMark) {
  const StudySpec study = StudyFolder().load(
      "\xef\xbb\xbf"
      "objective: {metric: val_loss}\r\n"
      "space: {x: {type: float, low: 0, high: 1}}\r\n"
      "trainable: {builtin: mlp}\r\n"
      "sampler: tpe\r\n"
      "scheduler: asha\r\n"
      "budget: {steps_per_trial: 9}");
  EXPECT_EQ(study.sampler.name, "tpe");
  EXPECT_EQ(study.scheduler.name, "asha");
  EXPECT_TRUE(study.objectives[0].minimize);
}

TEST(GoodStudy, Commands) {
  const StudyFolder folder;
  const std::string head = "objective: {metric: anything}\nspace: {rate: {type: float, low: 0, high: 1}}\n";
  folder.write("train.py", "");
  std::filesystem::permissions(folder.write("solver", ""), std::filesystem::perms::owner_all);
  StudySpec study = folder.load(head + "trainable: {command: [python3, train.py, -n, 3, '{out}/x.py']}\n");
  EXPECT_EQ(study.trainable.kind, TrainableKind::kCommand);
  EXPECT_EQ(study.trainable.protocol, HostProtocol::kServe);
  EXPECT_THAT(study.trainable.command, ElementsAre("python3", "train.py", "-n", "3", "{out}/x.py"));
  study = folder.load(
      head + "trainable: {command: [./solver, '--r={rate}', '{\"a\": 1}', '{trial}'], protocol: stdout}\n");
  EXPECT_EQ(study.trainable.protocol, HostProtocol::kStdout);
}

TEST(GoodStudy, BracesThatAreNoUnknownPlaceholder) {
  const std::string head =
      "objective: {metric: anything}\nspace: {rate: {type: float, low: 0, high: 1}}\ntrainable: ";
  const auto argument = [&](const std::string& text, const std::string& protocol) {
    const std::string command = "{command: [solve, '" + text + "'], protocol: " + protocol + "}\n";
    return StudyFolder().load(head + command).trainable.command[1];
  };
  for (const char* text :
       {"{rate}", "{seed}-{repeat}-{device}", "{{anything}}", "{\"a\": {rate}}", "{}", "{1}", "{", "{a b}"}) {
    EXPECT_EQ(argument(text, "stdout"), text);
  }
  for (const char* text : {"{out}", "{n}", "{{anything}}", "{seed}"})
    EXPECT_EQ(argument(text, "serve"), text);
}

// What it asks for was accepted once, and its record can still be read.
TEST(GoodStudy, AStudyOfThePastMayAskForWhatIsNotSupported) {
  Catalogs catalogs = test_catalogs();
  catalogs.check_files = false;
  const auto past = [&](const std::string& text) {
    return parse_study_text(text, "study.yaml", "/", {}, std::nullopt, catalogs);
  };
  EXPECT_NO_THROW(past(kBase + "slurm: {partition: gpu}\n"));
  const StudySpec plugin =
      past("objective: {metric: a}\nspace: {x: {type: int, low: 0, high: 1}}\ntrainable: {plugin: ./x.so}\n");
  EXPECT_EQ(plugin.trainable.kind, TrainableKind::kPlugin);
  EXPECT_EQ(plugin.trainable.plugin, "./x.so");
  const StudySpec command = past(
      "objective: {metric: a}\nspace: {learning_rate: {type: int, low: 0, high: 1}}\n"
      "trainable: {command: [./gone, '{lr}']}\n");
  EXPECT_EQ(command.trainable.command[1], "{lr}");
}

TEST(GoodStudy, ARelativeFileStillGivesAnAbsoluteDirectory) {
  const StudyFolder folder;
  const std::filesystem::path file = folder.write("study.yaml", kBase);
  const std::filesystem::path relative = std::filesystem::relative(file);
  const StudySpec study = load_study(relative, {}, {}, test_catalogs());
  EXPECT_TRUE(study.directory.is_absolute());
  EXPECT_TRUE(std::filesystem::equivalent(study.directory, folder.path()));
}

}  // namespace
}  // namespace coppice
