"""Trials that are trained with several seeds: one trial, rows for each repeat, and the means decide."""

import os
import signal
import unittest

import numpy as np

from support import SOURCE, Scenario

REPEATS = 3

# Noise whose generator is the whole process's, and saved with the state: a wrong seed or a wrong restore shows.
NOISY = """
    import pickle, random, time
    import coppice

    class Noisy(coppice.Trainable):
        def setup(self, params):
            self.x, self.loss = params["x"], 1.0
            random.seed(self.trial.seed)
        def step(self):
            time.sleep(PAUSE)
            self.loss = 0.5 * self.loss + self.x * random.random()
            return {"loss": self.loss, "seed": self.trial.seed, "which": self.trial.repeat}
        def save(self):
            return pickle.dumps((self.loss, random.getstate()))
        def load(self, blob):
            self.loss, state = pickle.loads(blob)
            random.setstate(state)

    coppice.serve(Noisy)
"""

FUNCTION = """
    import random
    import coppice

    def objective(params, trial):
        random.seed(trial.seed)
        for step in range(1, 10):
            trial.report({"loss": params["x"] + random.random(), "seed": trial.seed, "which": trial.repeat}, step)

    coppice.serve(objective)
"""


class RepeatsScenarios(Scenario):
    def study(self, program, scheduler="{name: asha, max_steps: 9, eta: 3}", budget="{trials: 9}", repeats=REPEATS, extra=""):
        self.write("train.py", program)
        return self.write(
            "study.yaml",
            "name: noisy\nobjective: {metric: loss, direction: minimize}\n"
            "space:\n  x: {type: float, low: 0.1, high: 1.0}\n"
            f"scheduler: {scheduler}\nbudget: {budget}\nrepeats: {repeats}\n"
            "trainable: {command: [/usr/bin/python3, train.py]}\nseed: 3\n" + extra)

    def rows(self, results=None):
        """{(trial, step, repeat): (loss, seed)}, each there once."""
        reports = self.table("reports", results)
        rows = {(row["trial"], row["step"], row["repeat"]): (row["loss"], row["seed"]) for row in reports}
        self.assertEqual(len(rows), len(reports))
        return rows

    def assert_repeats_right(self):
        """Every step of every trial has its repeats, with seeds of their own, and their mean, which is what decided."""
        trials, rows, seeds = self.table("trials"), self.rows(), {}
        self.assertEqual(len(rows), (REPEATS + 1) * trials["steps"].sum())
        for trial in trials:
            for step in range(1, trial["steps"] + 1):
                single = [rows[(trial["trial"], step, repeat)] for repeat in range(REPEATS)]
                self.assertAlmostEqual(rows[(trial["trial"], step, -1)][0], np.mean([loss for loss, _ in single]), places=12)
                for repeat, (_, seed) in enumerate(single):
                    self.assertEqual(seeds.setdefault((trial["trial"], repeat), seed), seed)
            if trial["steps"]:
                self.assertEqual(trial["loss"], rows[(trial["trial"], trial["steps"], -1)][0])
        self.assertEqual(len(set(seeds.values())), len(seeds))
        reports = self.table("reports")
        single = reports[reports["repeat"] >= 0]
        np.testing.assert_array_equal(single["which"], single["repeat"])
        means = reports[reports["repeat"] < 0]
        best = self.best()["trials"][0]
        self.assertEqual(best["value"], means["loss"].min())
        self.verify_replay()
        return trials, rows

    def test_the_means_decide_who_goes_on(self):
        for name, program in [("class", NOISY.replace("PAUSE", "0")), ("function", FUNCTION)]:
            with self.subTest(name):
                self.results = self.folder / name
                self.run_study(self.study(program), "--workers", "2")
                trials, _ = self.assert_repeats_right()
                self.assertEqual(len(trials), 9)
                self.assertLess(np.sum(trials["steps"] == 9), 9)
                self.assertIn(9, trials["steps"])

    def test_killed_and_resumed_with_the_same_rows(self):
        study = self.study(NOISY.replace("PAUSE", "0.05"), "fifo", "{trials: 4, steps_per_trial: 8}",
                           extra="sampler: random\ncheckpoints: {every: 0.1s}\n")
        self.run_study(study, "--workers", "2")
        _, whole = self.assert_repeats_right()
        self.results = self.folder / "killed"
        for kills in range(2):
            process = self.start("run", study, "-o", self.results, "--quiet", "--workers", "2")
            more = self.journal_bytes() + 2500
            self.wait_for(lambda: self.journal_bytes() > more or process.poll() is not None, "records")
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.run_study(study, "--workers", "2")
        _, again = self.assert_repeats_right()
        self.assertEqual(whole, again)
        self.coppice("recover", self.results)
        self.assertEqual(self.rows(), again)
        _, err = self.run_study(study, "--set", "repeats=2", status=2)
        self.assertIn("repeats was 3, is 2", err)

    def test_a_repeat_that_fails_is_named_and_tried_again(self):
        program = NOISY.replace("PAUSE", "0").replace(
            "self.loss = 0.5", "assert self.trial.id != 1 or self.trial.repeat != 2, 'no luck'\n            self.loss = 0.5")
        self.run_study(self.study(program, "fifo", "{trials: 3, steps_per_trial: 2}", extra="retries: 1\n"))
        trials, _ = self.assert_repeats_right()
        self.assertEqual([state.decode() for state in trials["state"]], ["complete", "failed", "complete"])
        decisions = self.table("decisions")
        (reason,) = [row["reason"].decode() for row in decisions if row["kind"] == b"fail"]
        self.assertIn("repeat 2: AssertionError: no luck", reason)

    def test_a_program_that_prints_and_a_builtin(self):
        study = self.study("", "fifo", "{trials: 2}").read_text()
        command = "command: [/bin/sh, -c, 'echo \"{\\\"loss\\\": {repeat}, \\\"seed\\\": {seed}, \\\"which\\\": {repeat}}\"'], protocol: stdout"
        self.run_study(self.write("study.yaml", study.replace("command: [/usr/bin/python3, train.py]", command)))
        self.assert_repeats_right()
        self.results = self.folder / "builtin"
        self.run_study(self.write("study.yaml", study.replace("command: [/usr/bin/python3, train.py]", "builtin: curve")
                                  .replace("metric: loss", "metric: value").replace("{trials: 2}", "{trials: 2, steps_per_trial: 3}")))
        reports = self.table("reports")
        self.assertEqual(len(reports), 2 * 3 * (REPEATS + 1))

    def test_the_example(self):
        self.run_study(SOURCE / "examples" / "repeats" / "study.yaml", "--workers", "2")
        reports = self.table("reports")
        self.assertEqual(set(reports["repeat"]), {-1, 0, 1, 2, 3})
        self.assertEqual(len(reports) % 5, 0)
        self.verify_replay()


if __name__ == "__main__":
    unittest.main()
