// Mistakes in what is to be trained, and in the placeholders of its command.
#include <gtest/gtest.h>

#include <string>

#include "bad_study.hpp"

namespace coppice {
namespace {

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

}  // namespace
}  // namespace coppice
