"""The user's mistakes: one clear line that names the place and the fix, exit status 2, before any training."""

import os
import unittest

from support import Scenario

GOOD = """name: bad
objective: {metric: value, direction: minimize}
space:
  x1: {type: float, low: -5, high: 10}
  x2: {type: float, low: 0, high: 15}
sampler: {name: random}
scheduler: {name: fifo}
budget: {trials: 4}
trainable: {builtin: branin}
"""

MLP = """name: bad
objective: {metric: val_loss, direction: minimize}
space:
  learning_rate: {type: float, low: 0.001, high: 1, log: true}
budget: {trials: 4, steps_per_trial: 2}
trainable: {builtin: mlp, dataset: digits}
"""

# (what, text that is replaced, replacement, words that the message must have)
CASES = [
    ("unknown key", "budget:", "budgte:", ["study.yaml:8:1", "budget"]),
    ("unknown sampler", "name: random", "name: randon", ["study.yaml:6:", "random"]),
    ("unknown scheduler", "name: fifo", "name: ahsa", ["study.yaml:7:", "asha"]),
    ("unknown option", "name: fifo", "name: pbt, popluation: 4", ["study.yaml:7:", "population"]),
    ("empty range", "low: -5, high: 10", "low: 10, high: -5", ["study.yaml:4:", "low"]),
    ("log of a negative", "low: -5, high: 10", "low: -5, high: 10, log: true", ["study.yaml:4:", "log"]),
    ("wrong type", "trials: 4", "trials: four", ["study.yaml:8:", "trials"]),
    ("no such builtin", "builtin: branin", "builtin: brannin", ["study.yaml:9:", "branin"]),
    ("no such metric", "metric: value", "metric: loss", ["study.yaml:2:", "value"]),
    ("missing parameter", "  x2: {type: float, low: 0, high: 15}\n", "", ["study.yaml:", "x2"]),
    ("no budget", "budget: {trials: 4}", "budget: {}", ["study.yaml:", "budget"]),
    ("torn yaml", "budget: {trials: 4}", "budget: {trials: 4", ["study.yaml:"]),
    ("missing data", GOOD, MLP.replace("digits", "nowhere.csv"), ["nowhere.csv"]),
    ("steps missing", GOOD, MLP.replace(", steps_per_trial: 2", ""), ["steps_per_trial"]),
    ("not the network's parameter", GOOD, MLP.replace("learning_rate", "lr"), ["study.yaml:", "learning_rate"]),
    ("program that is not there", "{builtin: branin}", "{command: [./nowhere, now]}", ["nowhere"]),
    ("program not in PATH", "{builtin: branin}", "{command: [no-such-program-anywhere]}", ["no-such-program-anywhere"]),
    ("program that ends at once", "{builtin: branin}", "{command: [/usr/bin/python3, -c, 'import nosuchmodule']}", ["nosuchmodule"]),
    ("repeats of a population", "name: fifo}\nbudget: {trials: 4}", "name: pbt, population: 4, interval: 1}\nrepeats: 3\nbudget: {steps_per_trial: 4}", ["study.yaml:8:10", "pbt", "drop repeats"]),
    ("no repeats", "name: fifo}", "name: fifo}\nrepeats: 0", ["study.yaml:8:10", "at least 1"]),
    ("deterministic asha", "name: fifo}", "name: asha, max_steps: 9}\ndeterministic: true", ["deterministic"]),
]


class BadInput(Scenario):
    def assert_refused(self, err, words):
        self.assertNotIn("terminate called", err)
        for word in words:
            self.assertIn(word, err)

    def test_study_files(self):
        for what, old, new, words in CASES:
            with self.subTest(what):
                self.assertIn(old, GOOD)
                study = self.write("study.yaml", GOOD.replace(old, new))
                _, err = self.run_study(study, status=2)
                self.assert_refused(err, words)
                self.assertFalse((self.results / "study.journal").exists(), "nothing has begun")

    def test_check_says_the_same(self):
        study = self.write("study.yaml", GOOD.replace("budget:", "budgte:"))
        _, err = self.coppice("check", study, status=2)
        self.assert_refused(err, ["study.yaml:8:1"])
        out, _ = self.coppice("check", self.write("study.yaml", GOOD))
        self.assertIn("branin", out)

    def test_files_and_directories(self):
        _, err = self.run_study("nowhere.yaml", status=2)
        self.assert_refused(err, ["nowhere.yaml"])
        _, err = self.run_study(self.folder, status=2)
        self.assert_refused(err, [str(self.folder)])
        study = self.write("study.yaml", GOOD)
        (self.folder / "file").write_text("")
        _, err = self.coppice("run", study, "-o", self.folder / "file" / "results", status=2)
        self.assert_refused(err, ["file/results"])
        if os.access("/proc/version", os.R_OK):
            _, err = self.coppice("run", study, "-o", "/proc/results", status=2)
            self.assert_refused(err, ["/proc/results"])

    def test_command_line(self):
        for arguments in [[], ["rnu"], ["run"], ["run", "study.yaml", "--workers", "0"], ["run", "study.yaml", "--sed", "1"],
                          ["export", "x"], ["best"], ["best", self.folder], ["recover", self.folder], ["replay", self.folder, "--verify"]]:
            with self.subTest(arguments):
                out, err = self.coppice(*arguments, status=2)
                self.assertNotEqual(err, "")
        study = self.write("study.yaml", GOOD)
        _, err = self.run_study(study, "--set", "budget.trails=4", status=2)
        self.assert_refused(err, ["--set", "trials"])

    def test_what_the_command_line_says(self):
        study = self.write("study.yaml", GOOD)
        for arguments, words in [
                (["run", study, "--wokers", "2"], ["run has no option '--wokers'", "'--workers'"]),
                (["submit", study, "--nodes", "1", "--gpu-per-node=2"], ["submit has no option '--gpu-per-node'", "'--gpus-per-node'"]),
                (["best", "here", "there"], ["best: 'there' is one word too many"]),
                (["submit", study, "--nodes", "0"], ["--nodes: '0' is no whole number from 1"]),
                (["best", "here", "-n", "-3"], ["'-3' is no whole number from 1"]),
                (["run", study, "--outcome", self.folder / "nowhere" / "outcome"], ["--outcome", "there is no directory", "nowhere"])]:
            with self.subTest(arguments):
                _, err = self.coppice(*arguments, status=2)
                self.assert_refused(err, words)
                self.assertEqual(err.count("\n"), 1)

    def test_torn_data(self):
        (self.folder / "data.csv.gz").write_bytes(b"\x1f\x8b\x08\x00torn")
        study = self.write("study.yaml", MLP.replace("digits", "data.csv.gz"))
        _, err = self.run_study(study, status=2)
        self.assert_refused(err, ["data.csv.gz"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
