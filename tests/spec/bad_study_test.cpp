// Every mistake names its place, says what is wrong, and, where it can, what is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study_text.hpp"

namespace coppice {
namespace {

using testing::HasSubstr;

struct BadStudy {
  std::string text;
  int line;
  int column;
  std::vector<std::string> words;
};

void expect_refused(const BadStudy& bad) {
  const StudyFolder folder;
  SCOPED_TRACE(bad.text);
  try {
    folder.load(bad.text);
    ADD_FAILURE() << "no error";
  } catch (const SpecError& error) {
    EXPECT_EQ(error.place().line, bad.line) << error.what();
    EXPECT_EQ(error.place().column, bad.column) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("study.yaml:" + std::to_string(bad.line) + ":" +
                                        std::to_string(bad.column) + ": "));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    for (const std::string& word : bad.words) EXPECT_THAT(error.message(), HasSubstr(word));
  }
}

void expect_all_refused(const std::vector<BadStudy>& all) {
  for (const BadStudy& bad : all) expect_refused(bad);
}

TEST(BadStudy, Yaml) {
  expect_all_refused({{"", 1, 1, {"empty"}},
                      {"# nothing\n\n", 1, 1, {"empty"}},
                      {"hello\n", 1, 1, {"expected a mapping", "'hello'"}},
                      {"- a\n", 1, 1, {"expected a mapping", "a list"}},
                      {"name: x\nspace:\n\tx: {type: float}\n", 3, 3, {"not valid YAML", "not tabs"}},
                      {"name: x\n\tspace: y\n", 2, 1, {"not valid YAML", "tab"}},
                      {"name: [a, b\nseed: 1\n", 2, 5, {"not valid YAML"}},
                      {"seed: 1\nname: \"abc\n", 2, 1, {"not valid YAML", "quote", "never closed"}},
                      {"name: a: b\n", 1, 8, {"not valid YAML"}},
                      {"name: x\nseed: 1\nname: y\n", 3, 1, {"'name' is there twice", "line 1"}},
                      {"name: x\n---\nseed: 1\n", 2, 1, {"a second document"}},
                      {"name: x\n...\nseed: 1\n", 3, 1, {"a second document"}},
                      {" name: x\nseed: 1\n", 2, 1, {"not valid YAML", "same column"}},
                      {"\n# --- x\n  name: x\n  seed: 2\nretries: 1\n", 5, 1, {"same column"}},
                      {"name: x\nspace: {a: 1}\n seed: 1\n", 3, 2, {"not valid YAML", "same column"}},
                      {"space:\n  - 1\n x\nseed: 1\n", 3, 2, {"not valid YAML", "same column"}},
                      {"name: 'x' y\n", 1, 11, {"not valid YAML: end of map"}},
                      {"name: *other\n", 1, 7, {"anchor"}},
                      {"name: &a [*a]\n", 1, 11, {"alias stands within"}},
                      {"name: !mine x\n", 1, 7, {"tag !mine"}},
                      {"name: é\xff\n", 1, 8, {"UTF-8"}},
                      {std::string("name: a\0b\n", 10), 1, 8, {"NUL"}},
                      {"[a]: b\n", 1, 1, {"a key must be text"}}});
}

TEST(BadStudy, TopLevel) {
  expect_all_refused(
      {{kBase + "schedular: asha\n", 4, 1, {"unknown key 'schedular'", "did you mean 'scheduler'"}},
       {kBase + "name: a/b\n", 4, 7, {"name", "'/'"}},
       {kBase + "name: ''\n", 4, 7, {"name"}},
       {kBase + "name: ..\n", 4, 7, {"folder"}},
       {kBase + "seed: -1\n", 4, 7, {"seed: expected an integer from 0"}},
       {kBase + "seed: 18446744073709551616\n", 4, 7, {"18446744073709551615"}},
       {kBase + "repeats: 0\n", 4, 10, {"repeats: must be at least 1, is 0"}},
       {kBase + "repeats: many\n", 4, 10, {"repeats: expected an integer"}},
       {kBase + "repeats: 3\nscheduler: {name: pbt, population: 4}\n",
        4,
        10,
        {"scheduler pbt clones", "drop repeats, or take another scheduler"}},
       {kBase + "constraints: [x]\n", 4, 1, {"not supported yet"}},
       {kBase + "warm_start: old.h5\n", 4, 1, {"not supported yet"}},
       {kBase + "deterministic: yes\n", 4, 16, {"true or false", "'yes'"}},
       {kBase + "deterministic: {leg: 3}\n", 4, 17, {"did you mean 'lag'"}},
       {kBase + "deterministic: {lag: 0}\n", 4, 22, {"deterministic.lag", "at least 1"}},
       {kBase + "deterministic: {}\n", 4, 16, {"expected true or false"}},
       {kBase + "slurm: gpu\n", 4, 8, {"slurm: expected a mapping"}},
       {kBase + "slurm: {partition: gpu}\n", 4, 9, {"unknown key 'partition' in slurm", "prologue, extra"}},
       {kBase + "patience: 0\n", 4, 11, {"patience", "at least 1"}},
       {kBase + "patience: {min_delta: 1}\n", 4, 11, {"neither trials nor steps"}},
       {kBase + "patience: {trials: 3, min_delta: -1}\n", 4, 34, {"patience.min_delta"}},
       {kBase + "deterministic: true\npatience: 3\n", 5, 11, {"depends on timing"}},
       {kBase + "slurm: {prologe: []}\n", 4, 9, {"did you mean 'prologue'"}},
       {kBase + "slurm: {prologue: module load cuda}\n", 4, 19, {"slurm.prologue: expected a list"}},
       {kBase + "slurm: {extra: [[--qos=high]]}\n", 4, 17, {"slurm.extra: expected text"}},
       {kBase + "slurm: {extra: [--qos=high, exclusive]}\n", 4, 29, {"slurm.extra", "--constraint=gpu"}},
       {kBase + "slurm: {extra: ['#SBATCH qos']}\n", 4, 17, {"an option of sbatch"}},
       {kBase + "slurm: {extra: [\"--a\\n--b\"]}\n", 4, 17, {"an option of sbatch"}},
       {kBase + "retries: -1\n", 4, 10, {"at least 0"}},
       {kBase + "retries: 1.5\n", 4, 10, {"expected an integer"}},
       {kBase + "timeouts: {segment: 0}\n", 4, 21, {"more than 0"}},
       {kBase + "timeouts: {worker: 0.5}\n", 4, 20, {"timeouts.worker", "at least 1s", "0.5"}},
       {kBase + "timeouts: 30\n", 4, 11, {"expected a mapping"}},
       {kBase + "coordinator: alone\n", 4, 14, {"shared, dedicated"}},
       {kBase + "checkpoints: {keep: 0}\n", 4, 21, {"1"}},
       {kBase + "checkpoints: {every: often}\n", 4, 22, {"duration", "90s"}},
       {kBase + "checkpoints: {directory: ''}\n", 4, 26, {"checkpoints.directory", "empty"}},
       {kBase + "resources: {memory_per_worker: 8}\n", 4, 32, {"resources.memory_per_worker", "8GB"}},
       {kBase + "resources: {memory_per_worker: 0GB}\n", 4, 32, {"at least one byte"}},
       {kBase + "resources: {gpu_memory: lots}\n", 4, 25, {"resources.gpu_memory", "8GB"}},
       {kBase + "resources: {gpus_per_worker: 1.5}\n", 4, 30, {"whole number of GPUs"}},
       {kBase + "resources: {gpus_per_worker: all}\n", 4, 30, {"auto", "fraction"}},
       {kBase + "resources: {ranks_per_trial: 0}\n", 4, 30, {"at least 1"}},
       {kBase + "resources: {ranks_per_trial: 2}\n", 4, 30, {"not supported yet"}},
       {kBase + "resources: {cpus_per_worker: 0}\n", 4, 30, {"at least 1"}},
       {kBase + "resources: {cpus_per_worker: all}\n", 4, 30, {"expected auto, 1, 2"}},
       {kBase + "resources: {gpu_per_worker: 1}\n", 4, 13, {"did you mean 'gpus_per_worker'"}},
       {kBase + "budget: {trials: 0}\n", 4, 18, {"budget.trials", "at least 1"}},
       {kBase + "budget: {trials: 1_000}\n", 4, 18, {"expected an integer", "1_000"}},
       {kBase + "budget: {steps_per_trial: many}\n", 4, 27, {"expected an integer"}},
       {kBase + "budget: {wall_time: 2 hours}\n", 4, 21, {"duration", "2h"}},
       {kBase + "budget: {wall_time: 0}\n", 4, 21, {"more than 0"}},
       {kBase + "budget: {wall_time: 10:30}\n", 4, 21, {"01:30:00"}},
       {kBase + "budget: {target: low}\n", 4, 18, {"expected a number"}},
       {kBase + "budget:\n", 4, 1, {"budget", "found nothing"}}});
}

TEST(BadStudy, Objective) {
  expect_all_refused(
      {{"space: {x: {type: float, low: 0, high: 1}}\n", 1, 1, {"objective: is missing", "metric"}},
       {"objective: val_loss\n", 1, 12, {"expected a mapping", "metric"}},
       {"objective: {metric: val_loss, direction: minimise}\n", 1, 42, {"did you mean 'minimize'"}},
       {"objective: {direction: minimize}\n", 1, 12, {"objective.metric: is missing"}},
       {"objective: {metric: steps}\n", 1, 21, {"column of study.h5"}},
       {"objective: {metric: worker}\n", 1, 21, {"column of study.h5"}},
       {"objective: {metric: a/b}\n", 1, 21, {"'/'"}},
       {"objectives: [{metric: a}, {metric: b}]\n", 1, 27, {"several objectives are not supported yet"}},
       {"objectives: []\n", 1, 13, {"expected a list"}},
       {"objective: {metric: a}\nobjectives: [{metric: b}]\n", 2, 1, {"keep one"}},
       {kNoSpace + "space: {val_loss: {type: float, low: 0, high: 1}}\n",
        3,
        9,
        {"both are columns", "rename"}},
       {"objective: {metric: loss}\nspace: {x: {type: float, low: 0, high: 1}}\ntrainable: "
        "{builtin: mlp}\n",
        1,
        21,
        {"mlp reports no 'loss'", "train_loss, val_loss"}}});
}

TEST(BadStudy, Space) {
  expect_all_refused(
      {{kNoSpace, 1, 1, {"space: is missing"}},
       {kNoSpace + "space: {}\n", 3, 8, {"at least one parameter"}},
       {kNoSpace + "space: {x: [0, 1]}\n", 3, 12, {"space.x", "a list"}},
       {kNoSpace + "space: {x: {low: 0, high: 1}}\n", 3, 12, {"space.x.type: is missing"}},
       {kNoSpace + "space: {x: {type: flaot, low: 0, high: 1}}\n", 3, 19, {"did you mean 'float'"}},
       {kNoSpace + "space: {x: {type: float, low: 0}}\n", 3, 12, {"space.x.high: is missing"}},
       {kNoSpace + "space: {x: {type: float, low: 0, hihg: 1}}\n", 3, 34, {"did you mean 'high'"}},
       {kNoSpace + "space: {x: {type: float, low: 0, high: 1, choices: [1]}}\n",
        3,
        43,
        {"unknown key 'choices'"}},
       {kNoSpace + "space:\n  x: {type: float, low: 2, high: 1}\n", 4, 25, {"empty range", "swap"}},
       {kNoSpace + "space:\n  x: {type: float, low: 1, high: 1}\n", 4, 25, {"empty range", "widen"}},
       {kNoSpace + "space:\n  x: {type: float, low: '0', high: 1}\n", 4, 25, {"expected a number"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: .inf}\n", 4, 34, {"expected a number"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1e999}\n", 4, 34, {"out of the range"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, log: true}\n", 4, 25, {"log needs low > 0"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, log: on}\n", 4, 42, {"true or false"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, step: 0}\n", 4, 43, {"greater than 0"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, step: 2}\n",
        4,
        43,
        {"larger than the range"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1e300, step: 1e-9}\n", 4, 3, {"too small"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: normal}\n", 4, 44, {"{mean: 0.9"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 0.5}}\n",
        4,
        44,
        {"space.x.prior.deviation: is missing"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 0.5, factor: 2}}\n",
        4,
        56,
        {"without log", "deviation: 0.05"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1, prior: {mean: 2, deviation: 1}}\n",
        4,
        3,
        {"space.x", "between low and high"}},
       {kNoSpace + "space:\n  x: {type: float, low: 1, high: 9, log: true, prior: {mean: 2, factor: 1}}\n",
        4,
        73,
        {"greater than 1"}},
       {kNoSpace + "space:\n  x: {type: int, low: 0.5, high: 3}\n", 4, 23, {"expected an integer"}},
       {kNoSpace + "space:\n  x: {type: int, low: 0, high: 1e17}\n", 4, 32, {"at most"}},
       {kNoSpace + "space:\n  x: {type: categorical}\n", 4, 6, {"choices: is missing"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: []}\n", 4, 35, {"empty"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [a, b, a]}\n", 4, 42, {"'a' is there twice"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [1, 1.0]}\n", 4, 39, {"twice"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [~, a]}\n", 4, 36, {"nothing"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [[1]]}\n", 4, 36, {"a list"}},
       {kNoSpace + "space:\n  x: {type: categorical, choices: [a], log: true}\n",
        4,
        40,
        {"unknown key 'log'"}},
       {kNoSpace + "space:\n  steps: {type: float, low: 0, high: 1}\n", 4, 3, {"column of study.h5"}},
       {kNoSpace + "space:\n  a/b: {type: float, low: 0, high: 1}\n", 4, 3, {"'/'"}},
       {kNoSpace + "space:\n  '': {type: float, low: 0, high: 1}\n", 4, 3, {"empty"}},
       {kNoSpace + "space:\n  " + std::string(61, 'x') + ": {type: float, low: 0, high: 1}\n",
        4,
        3,
        {"61 bytes"}},
       {kNoSpace + "space:\n  x: {type: float, low: 0, high: 1}\n  x: {type: float, low: 0, high: 2}\n",
        5,
        3,
        {"twice", "line 4"}}});
}

const std::string kParent =
    kNoSpace +
    "space:\n  opt: {type: categorical, choices: [sgd, adam]}\n  y: {type: float, low: 0, high: 1}\n";

TEST(BadStudy, When) {
  expect_all_refused(
      {{kParent + "  x: {type: int, low: 0, high: 9, when: {pot: sgd}}\n",
        6,
        42,
        {"unknown parameter 'pot'", "did you mean 'opt'"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {opt: sdg}}\n",
        6,
        47,
        {"opt has no choice 'sdg'", "did you mean 'sgd'"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {y: 0.5}}\n", 6, 42, {"is a float"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: opt}\n", 6, 41, {"{optimizer: sgd}"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {opt: []}}\n", 6, 47, {"at least one value"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {opt: sgd, y: 1}}\n", 6, 41, {"one parameter"}},
       {kParent + "  x: {type: int, low: 0, high: 9}\n  z: {type: int, low: 0, high: 9, when: {x: 10}}\n",
        7,
        45,
        {"x can't be 10"}},
       {kParent + "  x: {type: int, low: 0, high: 9, when: {z: 1}}\n  z: {type: int, low: 0, high: "
                  "9, when: {x: 1}}\n",
        6,
        3,
        {"leads back to itself"}}});
}

TEST(BadStudy, Algorithms) {
  expect_all_refused(
      {{kBase + "scheduler: ahsa\n",
        4,
        12,
        {"unknown scheduler 'ahsa'", "did you mean 'asha'", "fifo, asha, pbt"}},
       {kBase + "sampler: {name: tep}\n", 4, 17, {"did you mean 'tpe'"}},
       {kBase + "sampler: {candidates: 3}\n", 4, 10, {"sampler.name: is missing"}},
       {kBase + "sampler: [tpe]\n", 4, 10, {"a list"}},
       {kBase + "sampler: {name: tpe, candidate: 3}\n",
        4,
        22,
        {"unknown option 'candidate' of sampler tpe", "did you mean 'candidates'"}},
       {kBase + "sampler: {name: tpe, candidates: 0}\n", 4, 34, {"sampler.candidates", "at least 1"}},
       {kBase + "sampler: {name: tpe, candidates: 2.5}\n", 4, 34, {"expected an integer"}},
       {kBase + "sampler: {name: tpe, gamma: 1.5}\n", 4, 29, {"at most 1"}},
       {kBase + "sampler: {name: tpe, multivariate: off}\n", 4, 36, {"true or false"}},
       {kBase + "scheduler: pbt\n", 4, 12, {"scheduler.population: is missing", "members"}},
       {kBase + "scheduler: {name: pbt, population: 4, factors: 0.8}\n", 4, 48, {"list of numbers"}},
       {kBase + "scheduler: {name: pbt, population: 4, factors: [0.8, 0]}\n", 4, 54, {"at least 0.01"}},
       {kBase + "budget: {steps_per_trial: 9}\nscheduler: {name: asha, type: promote}\n",
        5,
        31,
        {"did you mean 'promotion'"}},
       {kBase + "scheduler: asha\n", 4, 12, {"budget.steps_per_trial: asha needs it"}},
       {kBase + "budget: {trials: 4}\nscheduler: asha\n", 4, 9, {"budget.steps_per_trial: asha needs it"}},
       {kBase + "deterministic: true\nscheduler: {name: pbt, population: 5}\n", 5, 36, {"must be even"}}});
}

TEST(BadStudy, ProgramsThatExplore) {
  const std::string pbt = kBase + "scheduler: {name: pbt, population: 4, explore: ";
  expect_all_refused(
      {{pbt + "prturb}\n", 4, 48, {"scheduler.explore", "did you mean 'perturb'"}},
       {pbt + "[python3, explore.py]}\n", 4, 48, {"scheduler.explore"}},
       {pbt + "{}}\n", 4, 48, {"scheduler.explore: expected {command: "}},
       {pbt + "{comand: [a]}}\n", 4, 49, {"did you mean 'command'"}},
       {pbt + "{command: [a], plugin: b}}\n", 4, 48, {"keep one"}},
       {pbt + "{command: a}}\n", 4, 58, {"scheduler.explore.command: expected a list"}},
       {pbt + "{command: [python3, explore.py]}}\n", 4, 68, {"no file", "explore.py", "relative to the"}},
       {pbt + "{command: [./study.yaml]}}\n", 4, 59, {"not executable"}},
       {pbt + "{plugin: ./libexplore.so}}\n", 4, 57, {"scheduler.explore.plugin: no file"}},
       {kBase + "sampler: {name: tpe, gamma: {command: [a]}}\n", 4, 29, {"sampler.gamma"}}});
}

TEST(BadStudy, Stoppers) {
  expect_all_refused(
      {{kBase + "stoppers: threshold\n", 4, 11, {"stoppers: expected a list", "found 'threshold'"}},
       {kBase + "stoppers: [treshold]\n", 4, 12, {"unknown stopper 'treshold'", "did you mean 'threshold'"}},
       {kBase + "stoppers: [{upper: 3}]\n", 4, 12, {"stopper.name: is missing"}},
       {kBase + "stoppers: [{name: threshold, uper: 3}]\n",
        4,
        30,
        {"unknown option 'uper' of stopper threshold", "did you mean 'upper'"}},
       {kBase + "stoppers: [threshold]\n", 4, 12, {"stopper threshold: threshold needs threshold.upper"}},
       {kBase + "stoppers: [patience]\n", 4, 12, {"stopper.steps: is missing"}},
       {kBase + "deterministic: true\nstoppers: [{name: threshold, upper: 3}]\n",
        5,
        37,
        {"not where deterministic"}},
       {kBase + "scheduler: {name: pbt, population: 4}\nstoppers: [{name: threshold, upper: 3}]\n",
        5,
        1,
        {"stoppers: scheduler pbt takes none beside it; drop them, or use one of fifo"}}});
}

const std::string kNoTrainable =
    "objective: {metric: val_loss}\nspace: {rate: {type: float, low: 0, high: 1}}\n";

TEST(BadStudy, Trainable) {
  expect_all_refused(
      {{kNoTrainable, 1, 1, {"trainable: is missing", "builtin"}},
       {kNoTrainable + "trainable: mlp\n", 3, 12, {"expected a mapping", "{builtin: mlp}"}},
       {kNoTrainable + "trainable: {}\n", 3, 12, {"builtin and command"}},
       {kNoTrainable + "trainable: {comand: [a]}\n", 3, 13, {"did you mean 'command'"}},
       {kNoTrainable + "trainable: {builtin: mlp, command: [a]}\n", 3, 27, {"keep one"}},
       {kNoTrainable + "trainable: {builtin: mpl}\n", 3, 22, {"did you mean 'mlp'"}},
       {kNoTrainable + "trainable: {builtin: mlp, datset: digits}\n", 3, 27, {"did you mean 'dataset'"}},
       {kNoTrainable + "trainable: {builtin: mlp}\n", 2, 15, {"space.rate: mlp takes no 'rate'"}},
       {kNoSpace + "space:\n  width:\n    type: float\n    low: 0\n    high: 1\n",
        6,
        10,
        {"space.width.low: must be above 0"}},
       {kNoSpace + "space:\n  a: {type: float, low: 0, high: 1}\n  'a:b': {type: float, low: 0, high: 1}\n",
        5,
        10,
        {"space.a:b: mlp takes"}},
       {kNoTrainable + "trainable: {command: python3 train.py}\n", 3, 22, {"expected a list"}},
       {kNoTrainable + "trainable: {command: []}\n", 3, 22, {"empty"}},
       {kNoTrainable + "trainable: {command: [./absent]}\n",
        3,
        23,
        {"no file", "relative to the study file"}},
       {kNoTrainable + "trainable: {command: [./study.yaml]}\n", 3, 23, {"not executable", "chmod"}},
       {kNoTrainable + "trainable: {command: [../]}\n", 3, 23, {"not a file"}},
       {kNoTrainable + "trainable: {command: [python3, train.py]}\n", 3, 32, {"no file", "train.py"}},
       {kNoTrainable + "trainable: {command: [solve, '--rate={raet}']}\n", 3, 30, {"did you mean 'rate'"}},
       {kNoTrainable + "trainable: {command: [solve], protocol: print}\n", 3, 41, {"serve, stdout"}},
       {kNoTrainable + "trainable: {plugin: ./study.yaml}\n",
        3,
        21,
        {"trainable.plugin: plugins are not supported yet; take a command or a built-in"}}});
}

const std::string kLearningRate =
    "objective: {metric: val_loss}\nspace: {learning_rate: {type: float, low: 0, high: 1}}\n";

TEST(BadStudy, PlaceholdersThatNobodyFills) {
  const auto command = [](const std::string& words, const std::string& rest) {
    return kLearningRate + "trainable: {command: [solve, " + words + "]" + rest + "}\n";
  };
  expect_all_refused(
      {{command("'--lr={lr}'", ", protocol: stdout"),
        3,
        30,
        {"trainable.command: nothing fills {lr}", "did you mean 'learning_rate'",
         "Known: learning_rate, trial, seed, repeat, device", "{{lr}}"}},
       {command("a, '{trial}/{zzz}'", ", protocol: stdout"), 3, 33, {"{zzz}; known: learning_rate"}},
       {command("'{steps}'", ", protocol: stdout"), 3, 30, {"{steps}"}},
       {command("'{{learning_rate}}{out-dir}'", ", protocol: stdout"), 3, 30, {"nothing fills {out-dir}"}},
       {command("'{learning_rat}'", ""), 3, 30, {"did you mean 'learning_rate'", "protocol: stdout only"}}});
}

TEST(BadFiles, MissingFolderAndUnreadable) {
  const StudyFolder folder;
  const auto message = [&](const std::filesystem::path& file) -> std::string {
    try {
      load_study(file, {}, {}, test_catalogs());
    } catch (const SpecError& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string absent = (folder.path() / "absent.yaml").string();
  EXPECT_EQ(message(absent), absent + ":1:1: no such file");
  EXPECT_THAT(message(folder.path()), HasSubstr(":1:1: is a directory"));
  EXPECT_THAT(message(folder.write("file", "") / "study.yaml"), HasSubstr(":1:1: "));
  EXPECT_THAT(message(folder.write("large", std::string(5 << 20, ' '))), HasSubstr("larger than 4 MiB"));
}

TEST(BadFiles, AMessageIsOneLineWhateverTheFileHolds) {
  expect_refused({kBase + "\"a\\nb\": 1\n", 4, 1, {"unknown key 'a b'"}});
  expect_refused({kBase + "coordinator: |\n  a\n  b\n", 4, 14, {"'a b '"}});
}

TEST(BadFiles, DeepNestingIsRefused) {
  const StudyFolder folder;
  try {
    folder.load("name: " + std::string(100000, '['));
    FAIL() << "no error";
  } catch (const SpecError& error) {
    EXPECT_EQ(error.place().line, 1);
    EXPECT_THAT(error.what(), HasSubstr("nested too deeply"));
  }
}

TEST(BadFiles, AliasesThatGrowWithoutBoundAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int j = 0; j < 9; ++j) text += ", " + from;
    text += "]\n";
  }
  const StudyFolder folder;
  try {
    folder.load(text);
    FAIL() << "no error";
  } catch (const SpecError& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than 100000 values"));
  }
}

}  // namespace
}  // namespace coppice
