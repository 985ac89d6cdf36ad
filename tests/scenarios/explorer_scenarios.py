"""Population-based training with an explorer of the user's, in Python and in C++."""

import os
import shutil
import signal
import unittest

from support import SOURCE, Scenario, any_alive, command_of, parent_of

# The next clone's x is half of the base's: whoever trains with what can be told from the table of trials.
HALVING = """
    import coppice

    def explore(base, info):
        return {"x": max(0.1, base["x"] / 2)}

    coppice.serve_explorer(explore)
"""
PBT = "{name: pbt, population: 4, interval: 2, explore: {command: [/usr/bin/python3, explore.py]}}"


class ExplorerScenarios(Scenario):
    def study(self, explorer=HALVING, steps=12, pause=0.0, extra=""):
        self.write("explore.py", explorer)
        return self.sum_study(PBT, f"{{steps_per_trial: {steps}}}", pause=pause, extra=extra)

    def notes(self):
        events = [entry["event"] for entry in self.journal_entries()]
        return [event["note"] for event in events if event["type"] == "proposed" and event["note"].startswith("hook: ")]

    def assert_halved(self):
        trials, _ = self.assert_sums_right()
        x = {trial["trial"]: trial["x"] for trial in trials}
        clones = [trial for trial in trials if trial["origin_trial"] >= 0]
        self.assertGreater(len(clones), 3)
        for trial in clones:
            self.assertEqual(trial["x"], max(0.1, x[trial["origin_trial"]] / 2))

    def test_clones_get_what_it_says(self):
        self.run_study(self.study())
        self.assert_halved()
        self.assertEqual({note.partition(": ")[2] for note in self.notes()} - {"moved x", "unchanged"}, set())
        self.verify_replay()
        self.assertTrue((self.results / "logs" / "explorer.log").exists())

    def test_it_is_the_same_on_any_number_of_workers(self):
        drawn = """
            import coppice

            def explore(base, info):
                best = info.standings[0].params["x"]
                print(info.step, [s.trial for s in info.standings])
                return {"x": best + (1.0 - best) * info.random.random()}

            coppice.serve_explorer(explore)
        """
        study = self.study(drawn, extra="deterministic: true\n")
        tables = []
        for workers in (1, 3):
            self.results = self.folder / f"results-{workers}"
            self.run_study(study, "--workers", workers)
            trials, _ = self.assert_sums_right()
            self.verify_replay()
            tables.append([(t["trial"], t["origin_trial"], t["x"]) for t in trials])
        self.assertEqual(tables[0], tables[1])
        self.assertGreater(len(tables[0]), 4)

    def test_after_a_kill_it_goes_on_and_replay_needs_no_program(self):
        study, held = self.held_study()
        process = self.start("run", study, "-o", self.results, "--quiet")
        self.wait_for(lambda: b"hook: " in self.journal(), "a clone")
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.wait_for(lambda: not self.explorers(), "the end of its explorer")
        held.unlink()
        self.run_study(study)
        self.assert_halved()
        (self.folder / "explore.py").unlink()
        self.verify_replay()
        self.coppice("recover", self.results)

    def explorers(self):
        return [pid for pid in self.processes() if command_of(pid)[1:2] == [b"explore.py"]]

    def test_at_an_orderly_end_it_has_the_last_word(self):
        farewell = self.folder / "farewell"
        study = self.study(HALVING + f"""
    import time
    time.sleep(0.5)
    open({str(farewell)!r}, "w").close()
""")
        for command in (["check", study], ["run", study, "-o", self.results, "--quiet"]):
            self.coppice(*command)
            self.assertTrue(farewell.exists(), command)
            farewell.unlink()
        self.assertIn("ended: exit status 0", (self.results / "logs" / "explorer.log").read_text())

    def journal(self):
        path = self.results / "study.journal"
        return path.read_bytes() if path.exists() else b""

    def held_study(self):
        """The study, and a file: no clone trains while it is there."""
        study = self.study(steps=30)
        held = self.write("held", "")
        train = self.folder / "train.py"
        train.write_text(train.read_text().replace(
            "time.sleep(0.0)", f"while self.trial.id >= 4 and os.path.exists({str(held)!r}): time.sleep(0.01)").replace(
            "import struct, time", "import os, struct, time"))
        return study, held

    def test_its_own_death_is_made_good(self):
        study, held = self.held_study()
        process = self.start("run", study, "-o", self.results, "--quiet")
        self.wait_for(lambda: b"hook: " in self.journal(), "a clone")
        (explorer,) = self.explorers()
        os.kill(explorer, signal.SIGKILL)
        held.unlink()
        _, err = process.communicate(timeout=120)
        self.assertEqual((process.returncode, err), (0, ""))
        self.assert_halved()

    def test_a_signal_that_ends_it_too_before_it_is_ready_is_a_stop(self):
        study = self.study("import time\ntime.sleep(600)\n")
        ready = self.folder / "ready"
        train = self.folder / "train.py"
        train.write_text(train.read_text().replace("coppice.serve(Sum)", f"""
from coppice.connection import Connection
hello = Connection.hello
def and_note_it(self, *arguments, **more):
    hello(self, *arguments, **more)
    open({str(ready)!r}, "w").close()
Connection.hello = and_note_it
coppice.serve(Sum)
"""))
        process = self.start("run", study, "-o", self.results, "--quiet")
        self.wait_for(lambda: ready.exists() and self.explorers(), "both programs")
        process.send_signal(signal.SIGSTOP)  # so that it finds both at once
        (explorer,) = self.explorers()
        both = [explorer, parent_of(explorer)]  # and who tells of its end
        os.kill(explorer, signal.SIGTERM)
        self.wait_for(lambda: not any_alive(both), "its end")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, self.outcome()["exit_status"]), (75, 75), err)
        self.assertNotIn("does not start", err)
        self.assertIn("SIGTERM: stopped before", err)

    def test_exceptions_and_values_out_of_range_cost_a_note(self):
        fails = """
            import coppice

            def explore(base, info):
                if info.trial % 2:
                    return {"x": 7}
                return {"x": base["z"]}

            coppice.serve_explorer(explore)
        """
        _, err = self.run_study(self.study(fails))
        self.assertEqual(err.count("coppice: scheduler.explore has no answer for trial"), 1)
        self.assert_sums_right()
        notes = " ".join(self.notes())
        self.assertIn("x is 7, not a number in [0.1, 1]; perturb instead: ", notes)
        self.assertIn("KeyError: 'z' (explore.py:7, in explore); perturb instead: ", notes)
        self.verify_replay()

    def test_what_does_not_start_or_answer_is_the_users_mistake(self):
        study = self.study("import nowhere\n")
        for command in (["check", study], ["run", study, "-o", self.results]):
            _, err = self.coppice(*command, status=2)
            self.assertIn("study.yaml:5:61: scheduler.explore does not start: exit status 1", err)
            self.assertIn("No module named 'nowhere'", err)
        self.assertFalse((self.results / "study.journal").exists())
        study = self.study("import coppice\ncoppice.serve_explorer(lambda base: {'y': 1})\n")
        _, err = self.coppice("check", study, status=2)
        self.assertIn("study.yaml:5:61: scheduler.explore has no answer: there is no parameter 'y'", err)
        out, _ = self.coppice("check", self.study())
        self.assertIn("explorer   /usr/bin/python3 explore.py", out)

    def test_check_waits_so_long_for_an_answer_and_no_longer(self):
        study = self.study("""
            import time
            import coppice

            def explore(base):
                print("thinking")
                time.sleep(600)

            coppice.serve_explorer(explore)
        """, extra="deterministic: true\ntimeouts: {startup: 10s}\n")
        _, err = self.coppice("check", study, status=2, timeout=60)
        self.assertIn("thinking\n", err)
        self.assertIn("scheduler.explore has no answer: had no answer within 10 s (timeouts.startup)", err)

    def test_one_in_cpp(self):
        shutil.copy(os.environ["COPPICE_EXPLORER"], self.folder / "libexplore.so")
        study = self.write("study.yaml", (SOURCE / "examples" / "explorer" / "study.yaml").read_text())
        plugin = self.write("cpp.yaml", study.read_text().replace("{command: [python3, explore.py]}", "{plugin: ./libexplore.so}"))
        self.coppice("check", plugin)
        _, err = self.run_study(plugin)
        self.assertEqual(err, "")
        trials, _ = self.assert_study_whole()
        rates = {trial["trial"]: trial["learning_rate"] for trial in trials}
        clones = [trial for trial in trials if trial["origin_trial"] >= 0]
        self.assertGreater(len(clones), 3)
        for trial in clones:
            before = rates[trial["origin_trial"]]
            self.assertIn(trial["learning_rate"], [min(1.0, max(1e-3, before * factor)) for factor in (0.5, 0.8, 1.25, 2.0)])
        self.verify_replay()
        shutil.copy("/bin/true", self.folder / "libexplore.so")
        _, err = self.coppice("check", plugin, status=2)
        self.assertIn("cannot load the plugin", err)

    def test_the_example(self):
        shutil.copytree(SOURCE / "examples" / "explorer", self.folder / "explorer")
        _, err = self.run_study(self.folder / "explorer" / "study.yaml")
        self.assertEqual(err, "")
        trials, _ = self.assert_study_whole()
        for trial in trials:
            if trial["origin_trial"] >= 0:
                self.assertEqual(trial["hidden"], trials[trial["origin_trial"]]["hidden"])
        notes = self.notes()
        self.assertTrue(notes)
        self.assertNotIn("instead", " ".join(notes))


if __name__ == "__main__":
    unittest.main()
