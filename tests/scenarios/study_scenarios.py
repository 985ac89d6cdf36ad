"""A study from its first line to its last, with one process and local workers."""

import json
import signal
import subprocess
import sys
import unittest

import numpy as np

from support import SOURCE, Scenario, children_of, command_of

BRANIN = """
    name: branin
    objective: {metric: value, direction: minimize}
    space:
      x1: {type: float, low: -5, high: 10}
      x2: {type: float, low: 0, high: 15}
    budget: {trials: 12}
    trainable: {builtin: branin}
    seed: 1
"""


class StudyScenarios(Scenario):
    def test_random_search_on_a_function(self):
        out, _ = self.run_study(self.write("study.yaml", BRANIN))
        self.assertIn("best", out)
        trials, reports = self.assert_study_whole()
        self.assertEqual(len(trials), 12)
        self.assertEqual(set(trials["state"]), {b"complete"})
        self.assertAlmostEqual(self.best()["trials"][0]["value"], trials["value"].min())
        self.verify_replay()

    def test_a_finished_study_says_so_and_a_larger_budget_goes_on(self):
        study = self.write("study.yaml", BRANIN)
        self.run_study(study)
        before = self.table("trials")
        out, _ = self.run_study(study)
        self.assertIn("finished", out)
        self.run_study(study, "--set", "budget.trials=20")
        trials, _ = self.assert_study_whole()
        self.assertEqual(len(trials), 20)
        np.testing.assert_array_equal(trials["x1"][:12], before["x1"])
        self.verify_replay()

    def test_what_a_resume_may_change(self):
        study = self.sum_study("{name: hyperband, max_steps: 9}", "{}")
        self.run_study(study)
        self.assertEqual(len(self.assert_sums_right()[0]), 17)
        self.run_study(study, "--set", "retries=0")
        self.run_study(study, "--set", "budget.trials=20", "--set", "retries=1")
        self.assertEqual(len(self.assert_sums_right()[0]), 20)
        self.verify_replay()
        self.assertIn("--set budget.trials=20", (self.results / "study.yaml").read_text())
        _, err = self.run_study(study, "--set", "budget.steps_per_trial=9", status=2)
        self.assertIn("budget.steps_per_trial", err)

    def test_one_hopeless_trial_does_not_end_the_study_but_a_wrong_program_does(self):
        study = self.sum_study("fifo", "{trials: 6, steps_per_trial: 3}")
        train = (self.folder / "train.py").read_text()
        (self.folder / "train.py").write_text(train.replace("self.total, self.count = 0.0, 0",
                                                            "self.total, self.count = 0.0, 0\n        assert self.trial.id != 0"))
        self.run_study(study)
        trials, _ = self.assert_sums_right()
        self.assertEqual([state.decode() for state in trials["state"]], ["failed"] + ["complete"] * 5)
        self.results = self.folder / "misspelt"
        _, err = self.run_study(study, "--set", "objective.metric=los", status=1)
        self.assertIn("it reported loss", err)
        self.assertLess(len(self.table("trials")), 6)

    def test_every_preset(self):
        study = self.write("study.yaml", """
            name: curve
            objective: {metric: value, direction: minimize}
            space: {x: {type: float, low: 0, high: 1}, rate: {type: float, low: 0.1, high: 1}}
            budget: {trials: 40, steps_per_trial: 9}
            trainable: {builtin: curve}
        """)
        for preset, kind in [("asha", "promote"), ("hyperband", "promote"), ("bohb", "promote"), ("median", "stop"), ("pbt", "exploit"),
                             ("mf-pbt", "exploit")]:
            with self.subTest(preset):
                self.results = self.folder / preset
                self.run_study(study, "--set", f"preset={preset}")
                self.assert_study_whole()
                self.assertIn(kind.encode(), self.table("decisions")["kind"])
                self.verify_replay()
        _, err = self.coppice("check", study, "--set", "preset=bhob", status=2)
        self.assertIn("did you mean 'bohb'", err)

    def test_another_study_in_the_same_directory_is_refused(self):
        study = self.write("study.yaml", BRANIN)
        self.run_study(study)
        _, err = self.run_study(study, "--set", "space.x1.low=-4", status=2)
        self.assertIn("space.x1.low", err)
        _, err = self.run_study(study, "--seed", "2", status=2)
        self.assertIn("seed", err)
        _, err = self.run_study(study, "--fresh", status=2)
        self.assertIn("--fresh", err)

    def outcome(self, path=None):
        return json.loads((path or self.results / "outcome").read_text())

    def test_how_a_run_ended_is_told_in_files(self):
        study = self.sum_study("fifo", "{trials: 6, steps_per_trial: 30}", pause=0.02)
        mine = self.folder / "mine"
        process = self.start("run", study, "-o", self.results, "--outcome", mine)
        self.wait_for(lambda: self.journal_bytes() > 1500, "some reports")
        self.assertFalse(mine.exists() or (self.results / "outcome").exists(), "it isn't over")
        self.run_study(study, "--outcome", self.folder / "other", status=2)
        self.assertIn("running already", self.outcome(self.folder / "other")["reason"])
        self.assertFalse(mine.exists() or (self.results / "outcome").exists(), "the other one is not over for that")
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=60)
        self.assertEqual(self.outcome(), {"outcome": "stopped", "exit_status": 75, "incarnation": 1, "reason": self.outcome()["reason"]})
        self.assertIn("SIGUSR1", self.outcome()["reason"])
        self.assertEqual(self.outcome(mine), self.outcome())
        self.run_study(study, "--set", "trainable.command.1=nowhere.py", "--outcome", mine, status=2)
        self.assertEqual((self.outcome(mine)["exit_status"], self.outcome(mine)["incarnation"]), (2, 0))
        self.assertIn("nowhere.py", self.outcome(mine)["reason"])
        self.assertEqual(self.outcome()["exit_status"], 75, "nothing was found out about this directory")
        self.run_study(study, "--seed", "9", status=2)
        self.assertEqual((self.outcome()["outcome"], self.outcome()["exit_status"]), ("failed", 2))
        self.coppice("run", study, "--set", "objective.metric=nowhere", "-o", self.folder / "wrong", status=1)
        self.assertEqual(self.outcome(self.folder / "wrong" / "outcome")["exit_status"], 1)
        self.run_study(study, "--workers", "2")
        self.assertEqual((self.outcome()["outcome"], self.outcome()["exit_status"], self.outcome()["incarnation"]), ("finished", 0, 2))
        self.run_study(study)
        self.assertIn("nothing to do", self.outcome()["reason"])

    def test_a_run_that_was_killed_after_its_last_record_has_its_results_completed(self):
        study = self.sum_study("fifo", "{trials: 3, steps_per_trial: 2}")
        self.run_study(study)
        early = (self.results / "study.h5").read_bytes()
        self.run_study(study, "--set", "budget.trials=6")
        (self.results / "study.h5").write_bytes(early)  # as if the last write had not come about
        self.run_study(study, "--set", "budget.trials=6")
        self.assertIn("nothing to do", self.outcome()["reason"])
        trials, reports = self.assert_sums_right()
        self.assertEqual((len(trials), len(reports)), (6, 12))

    def test_a_stop_in_order_exits_75_and_resumes(self):
        study = self.sum_study("fifo", "{trials: 6, steps_per_trial: 30}", pause=0.02)
        process = self.start("run", study, "-o", self.results, "--workers", "2")
        self.wait_for(lambda: self.journal_bytes() > 4000, "some reports")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, out + err)
        trials, _ = self.assert_sums_right()
        self.assertLess(trials["steps"].sum(), 180)
        self.run_study(study, "--workers", "2")
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [30] * 6)
        self.verify_replay()

    def test_a_stop_before_the_program_is_ready_exits_75(self):
        study = self.sum_study("fifo", "{trials: 6, steps_per_trial: 30}")
        self.write("train.py", "import time\ntime.sleep(600)\n")
        process = self.start("run", study, "-o", self.results, "--workers", "1")
        self.wait_for(lambda: any(b"train.py" in command_of(pid) for pid in children_of(process.pid)), "the program")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, out + err)
        self.assertIn("SIGTERM: stopped before", err)
        self.assertEqual((self.outcome()["outcome"], self.outcome()["exit_status"]), ("stopped", 75))

    def test_a_killed_host_costs_nothing(self):
        study = self.sum_study("fifo", "{trials: 3, steps_per_trial: 40}", pause=0.02)
        process = self.start("run", study, "-o", self.results)
        for size in (3000, 6000, 9000):
            self.wait_for(lambda: self.journal_bytes() > size or process.poll() is not None, "some reports")
            for pid in children_of(process.pid):
                if b"train.py" in command_of(pid):
                    signal_process(pid)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0)
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [40] * 3)
        self.assertIn(b"retry", set(self.table("decisions")["kind"]))
        self.verify_replay()

    def test_a_second_run_on_the_directory_is_refused(self):
        study = self.sum_study("fifo", "{trials: 2, steps_per_trial: 100}", pause=0.02)
        process = self.start("run", study, "-o", self.results)
        self.wait_for(lambda: self.journal_bytes() > 2000, "some reports")
        _, err = self.run_study(study, status=2)
        self.assertIn(str(process.pid), err)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75)

    def test_the_target_ends_the_study(self):
        self.run_study(self.write("study.yaml", BRANIN.replace("{trials: 12}", "{trials: 500, target: 20}")))
        trials = self.table("trials")
        self.assertLessEqual(np.nanmin(trials["value"]), 20)
        self.assertLess(len(trials), 500)

    def test_patience_ends_a_study_that_improves_no_more(self):
        study = self.write("study.yaml", BRANIN.replace("{trials: 12}", "{trials: 500}\n    patience: {trials: 5, min_delta: 1000}"))
        self.run_study(study)
        halted = [row for row in self.table("decisions") if row["kind"] == b"halt"]
        self.assertEqual(len(halted), 1)
        self.assertRegex(halted[0]["reason"].decode(), r"^patience: value .* of trial 0 was not improved on by more than 1000 in 5 trials$")
        trials = len(self.table("trials"))
        self.assertLess(trials, 20)
        self.run_study(study, "--set", "patience.trials=30")
        self.assertGreater(len(self.table("trials")), trials)

    def test_the_wall_time_ends_the_study_and_counts_running_time_only(self):
        study = self.sum_study("fifo", "{trials: 1000, steps_per_trial: 5, wall_time: 2s}", pause=0.01)
        self.run_study(study)
        self.assertLess(len(self.assert_sums_right()[0]), 1000)
        self.run_study(study, "--set", "budget.wall_time=3s")
        self.assertLess(self.table("reports")["time_s"].max(), 8)

    def test_the_same_decisions_on_one_two_and_four_workers(self):
        for name, scheduler, budget in [
            ("fifo", "fifo", "{trials: 6, steps_per_trial: 4}"),
            ("pbt", "{name: pbt, population: 6, interval: 2}", "{steps_per_trial: 12}"),
            ("hyperband", "{name: hyperband, max_steps: 9, eta: 3}", "{}"),
        ]:
            with self.subTest(name):
                seen = []
                for workers in (1, 2, 4):
                    self.results = self.folder / f"{name}-{workers}"
                    self.run_study(self.sum_study(scheduler, budget, extra="deterministic: true\n"), "--workers", workers)
                    trials, reports = self.assert_sums_right()
                    trials, reports = np.sort(trials, order="trial"), np.sort(reports, order=["trial", "step"])
                    timeless = [c for c in trials.dtype.names if c not in ("created_s", "ended_s")]
                    seen.append((trials[timeless].tolist(), reports[["trial", "step", "loss", "count"]].tolist()))
                self.assertEqual(str(seen[0]), str(seen[1]))
                self.assertEqual(str(seen[0]), str(seen[2]))

    def test_with_a_lag_what_learns_proposes_the_same_on_one_and_three_workers(self):
        seen = []
        for workers in (1, 3):
            self.results = self.folder / str(workers)
            study = self.sum_study("fifo", "{trials: 16, steps_per_trial: 6}",
                                   extra="sampler: {name: tpe, startup: 4}\ndeterministic: {lag: 5}\n")
            if workers == 3:
                train = self.folder / "train.py"
                held = self.write("held", "")  # trial 9 trains no further while it is there
                train.write_text(train.read_text().replace(
                    "time.sleep(0.0)", f"while self.trial.id == 9 and os.path.exists({str(held)!r}): time.sleep(0.01)").replace(
                    "import struct, time", "import os, struct, time"))
                process = self.start("run", study, "-o", self.results, "--workers", "2")
                journal = self.results / "study.journal"
                self.wait_for(lambda: self.journal_bytes() > 4000, "some reports")
                process.send_signal(signal.SIGTERM)
                self.wait_for(lambda: b"SIGTERM" in journal.read_bytes(), "the end's beginning")
                held.unlink()
                process.communicate(timeout=60)
                self.assertEqual(process.returncode, 75)
            self.run_study(study, "--workers", workers)
            trials, _ = self.assert_sums_right()
            seen.append(np.sort(trials, order="trial")[["trial", "x", "loss"]].tolist())
            self.verify_replay()
        self.assertEqual(seen[0], seen[1])

    def test_every_scheduler_with_state_that_must_be_carried(self):
        for name, scheduler, budget in [
            ("asha", "{name: asha, min_steps: 1, max_steps: 9, eta: 3}", "{trials: 20}"),
            ("hyperband", "{name: hyperband, max_steps: 9}", "{}"),
            ("pbt", "{name: pbt, population: 5, interval: 3}", "{steps_per_trial: 15}"),
        ]:
            with self.subTest(name):
                self.results = self.folder / name
                self.run_study(self.sum_study(scheduler, budget), "--workers", "3")
                trials, _ = self.assert_sums_right()
                self.verify_replay()
                if name == "hyperband":
                    self.assertEqual(len(trials), 17)
                if name == "pbt":
                    self.assertGreater((trials["origin_trial"] >= 0).sum(), 0)
                    self.assertEqual((trials["state"] == b"complete").sum(), 5)

    def test_recover_rebuilds_the_results(self):
        study = self.sum_study("{name: pbt, population: 4, interval: 2}", "{steps_per_trial: 10}")
        self.run_study(study)
        before = {name: self.table(name) for name in ("trials", "reports", "segments", "decisions", "workers", "incumbent")}
        (self.results / "study.h5").unlink()
        self.coppice("recover", self.results)
        for name, rows in before.items():
            self.assertEqual(rows.tolist().__repr__(), self.table(name).tolist().__repr__(), name)

    def test_a_torn_journal_is_cut_aloud_and_a_damaged_one_refused(self):
        study = self.write("study.yaml", BRANIN)
        self.run_study(study)
        journal = self.results / "study.journal"
        whole = journal.read_bytes()
        journal.write_bytes(whole[:-7])
        _, err = self.run_study(study, "--set", "budget.trials=14")
        self.assertIn("cut", err)
        self.assertEqual(len(self.assert_study_whole()[0]), 14)
        middle = len(whole) // 2
        journal.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:])
        _, err = self.run_study(study, "--set", "budget.trials=16", status=1)
        self.assertIn("byte", err)

    def test_export(self):
        self.run_study(self.write("study.yaml", BRANIN))
        out, _ = self.coppice("export", self.results, "--table", "trials")
        self.assertEqual(len(out.splitlines()), 13)
        self.assertIn("x1", out.splitlines()[0])
        out, _ = self.coppice("export", self.results, "--table", "reports", "--format", "json")
        self.assertEqual(len(json.loads(out)), 12)
        _, err = self.coppice("export", self.results, "--table", "trails", status=2)
        self.assertIn("trials", err)

    def test_the_examples(self):
        trials_of = {"function": 50, "pure-python": 24, "random-priors": 6, "grid-digits": 6, "sobol-survey": 64, "tpe-models": 20,
                     "auto-digits": 6, "cmaes-fit": 50}
        for name, trials in trials_of.items():
            with self.subTest(name):
                self.results = self.folder / name
                self.run_study(SOURCE / "examples" / name / "study.yaml", "--workers", "2", "--set", f"budget.trials={trials}")
                self.assertEqual(len(self.assert_study_whole()[0]), trials)

    def test_the_survey_tells_which_parameters_matter(self):
        example = SOURCE / "examples" / "sobol-survey"
        self.run_study(example / "study.yaml")
        table, _ = self.coppice("export", self.results, "--table", "trials")
        out = subprocess.run([sys.executable, example / "effects.py"], input=table, check=True, text=True, stdout=subprocess.PIPE).stdout
        shares = {name: float(share) for name, share in map(str.split, out.splitlines())}
        self.assertEqual(list(shares), [f"x{i}" for i in range(1, 7)])
        self.assertGreater(max(shares.values()), 0.1)

    def test_a_function_that_reports_on_the_way(self):
        self.write("train.py", """
            import coppice

            def objective(params, trial):
                total = 0.0
                for step in range(1, 10):
                    total += params["x"] / step
                    trial.report({"loss": total, "count": step}, step)

            coppice.serve(objective)
        """)
        for name, scheduler, budget in [("fifo", "fifo", "{trials: 3}"),
                                        ("asha", "{name: asha, max_steps: 9}", "{trials: 9}")]:
            with self.subTest(name):
                self.results = self.folder / name
                study = self.write("study.yaml", f"""
                    name: function
                    objective: {{metric: loss, direction: minimize}}
                    space:
                      x: {{type: float, low: 0.1, high: 1.0}}
                    scheduler: {scheduler}
                    budget: {budget}
                    trainable: {{command: [/usr/bin/python3, train.py]}}
                """)
                self.run_study(study, "--workers", "2")
                trials, _ = self.assert_sums_right()
                if name == "fifo":
                    self.assertEqual(list(trials["steps"]), [9] * 3)
                self.verify_replay()

    def test_a_trial_is_stopped_while_it_trains(self):
        # Sums only grow, so nothing gets better after its first step. Nobody could wait for 1e6 steps.
        study = self.sum_study("{name: patience, steps: 2}", "{trials: 5, steps_per_trial: 1000000}", pause=0.02)
        self.run_study(study, "--workers", "2")
        trials, _ = self.assert_sums_right()
        self.assertEqual([(state, steps) for state, steps in zip(trials["state"], trials["steps"])], [(b"stopped", 3)] * 5)
        decisions = self.table("decisions")
        stops = decisions[decisions["kind"] == b"stop"]
        self.assertEqual(len(stops), 5)
        for stop in stops:
            self.assertRegex(stop["reason"].decode(), r"^step 3: for 2 steps not better than 0\.\d+ at step 1$")
        segments = self.table("segments")
        self.assertTrue((segments["to_step"] >= 3).all() and len(segments) == 5)
        self.assertTrue(np.isfinite(trials["ended_s"]).all())
        self.verify_replay()

    def test_a_stopper_beside_a_scheduler(self):
        # Sums only grow: whoever is promoted past step 3 is stopped on its way to step 9.
        study = self.sum_study("asha", "{trials: 9, steps_per_trial: 9}", extra="stoppers: [{name: patience, steps: 4}]\n")
        self.run_study(study, "--workers", "2")
        trials, _ = self.assert_sums_right()
        self.assertEqual(max(trials["steps"]), 5)
        decisions = self.table("decisions")
        reasons = [reason.decode() for reason in decisions["reason"][decisions["kind"] == b"stop"]]
        self.assertGreaterEqual(len(reasons), 1)
        for reason in reasons:
            self.assertRegex(reason, r"^step 5: for 4 steps not better than 0\.\d+ at step 1$")
        self.verify_replay()
        _, err = self.coppice("check", study, "--set", "scheduler={name: pbt, population: 4}", status=2)
        self.assertIn("scheduler pbt takes none beside it", err)

    def test_asha_of_type_stopping_with_an_infinite_horizon(self):
        study = self.sum_study("{name: asha, type: stopping, eta: 2}", "{wall_time: 600}", pause=0.002)
        process = self.start("run", study, "-o", self.results, "--quiet", "--workers", "3")
        # No trial ends by itself: each longer one has stopped others.
        self.wait_for(lambda: self.journal_bytes() > 20000 or process.poll() is not None, "some reports")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, out + err)
        trials, _ = self.assert_sums_right()
        self.assertIn(b"stopped", set(trials["state"]))
        self.verify_replay()

    def test_a_function_asks_whether_it_should_prune(self):
        self.write("train.py", """
            import time
            import coppice

            def objective(params, trial):
                step = 0
                while not trial.should_prune():
                    step += 1
                    time.sleep(0.01)
                    trial.report({"loss": params["x"] + step}, step)

            coppice.serve(objective)
        """)
        study = self.write("study.yaml", """
            name: prune
            objective: {metric: loss, direction: minimize}
            space:
              x: {type: float, low: 0.1, high: 0.9}
            scheduler: {name: threshold, upper: 4}
            budget: {trials: 4}
            trainable: {command: [/usr/bin/python3, train.py]}
        """)
        self.run_study(study)
        trials, _ = self.assert_study_whole()
        self.assertEqual([(state, steps) for state, steps in zip(trials["state"], trials["steps"])], [(b"stopped", 4)] * 4)
        self.verify_replay()

    def test_a_program_that_prints_a_number(self):
        self.write("solver.py", "import sys\nx = float(sys.argv[1].split('=')[1])\nprint('working')\nprint('{\"loss\": %r}' % (x * x))\n")
        study = self.write("study.yaml", """
            name: solver
            objective: {metric: loss, direction: minimize}
            space:
              x: {type: float, low: -1, high: 1}
            budget: {trials: 5}
            trainable: {command: [/usr/bin/python3, solver.py, "--x={x}"], protocol: stdout}
        """)
        self.run_study(study)
        trials, _ = self.assert_study_whole()
        np.testing.assert_allclose(trials["loss"], trials["x"]**2)


def signal_process(pid):
    import os
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    unittest.main(verbosity=2)
