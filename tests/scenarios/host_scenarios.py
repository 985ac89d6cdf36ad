"""Trial hosts that hang, take all memory, hide processes or fail alike: the study goes on or says why not, and no process is left."""

import os
import signal
import unittest

from support import Scenario, children_of, command_of, processes_in

BEGIN = "self.total, self.count = 0.0, 0"
STEP = "self.count += 1"


class HostScenarios(Scenario):
    def study_that(self, does, where=BEGIN, budget="{trials: 3, steps_per_trial: 3}", extra="retries: 0\n", pause=0.0):
        """The Sum study with one more line in its setup or its step."""
        study = self.sum_study("fifo", budget, extra=extra, pause=pause)
        train = self.folder / "train.py"
        text = train.read_text()
        self.assertIn(where, text)
        train.write_text("import os, signal, subprocess, sys\n" + text.replace(where, f"{where}\n        {does}"))
        return study

    def reasons(self, kind):
        decisions = self.table("decisions")
        return [row["reason"].decode() for row in decisions[decisions["kind"] == kind.encode()]]

    def assert_no_process_left(self):
        self.wait_for(lambda: not processes_in(self.folder), "the end of all processes")

    def assert_only_trial_0_failed(self):
        trials, _ = self.assert_sums_right()
        self.assertEqual([state.decode() for state in trials["state"]], ["failed", "complete", "complete"])
        self.verify_replay()
        self.assert_no_process_left()

    def test_one_that_hangs(self):
        study = self.study_that("if self.trial.id == 0 and self.count == 2: print('going to sleep'); time.sleep(10000)", STEP,
                                extra="retries: 0\ntimeouts: {segment: 5s}\n")
        self.run_study(study)
        (reason,) = self.reasons("fail")
        self.assertIn("timeouts.segment, 5 s", reason)
        self.assertIn("going to sleep", reason)
        self.assert_only_trial_0_failed()

    def test_one_that_hangs_while_it_saves(self):
        study = self.study_that("if self.trial.id == 0: time.sleep(10000)", "def save(self):",
                                extra="retries: 0\ntimeouts: {segment: 5s}\n")
        self.run_study(study)
        self.assertIn("timeouts.segment, 5 s", self.reasons("fail")[0])
        self.assert_no_process_left()

    def test_one_that_takes_all_memory(self):
        study = self.study_that(
            "if self.trial.id == 0: self.hoard = [(bytearray(b'x' * 20_000_000), time.sleep(0.05)) for _ in range(100)]",
            extra="retries: 0\nresources: {memory_per_worker: 200MB}\n")
        self.run_study(study)
        (reason,) = self.reasons("fail")
        self.assertRegex(reason, r"used [0-9.]+ [MG]B of its 200 MB \(resources.memory_per_worker\)")
        self.assert_only_trial_0_failed()

    def test_one_that_somebody_kills(self):
        study = self.study_that("if self.trial.id == 0: os.kill(os.getpid(), signal.SIGKILL)")
        self.run_study(study)
        self.assertIn("SIGKILL), which nobody here sent: maybe out of memory", self.reasons("fail")[0])
        self.assert_only_trial_0_failed()

    def hiding_study(self, **keywords):
        """Each trial starts a process that leaves its group, session and family."""
        return self.study_that("subprocess.run(['sh', '-c', '(setsid sleep 10000 &)'])", **keywords)

    def test_what_hosts_hide_ends_with_them(self):
        self.run_study(self.hiding_study(), "--workers", "2")
        self.assert_sums_right()
        self.assert_no_process_left()

    def test_nothing_outlives_a_run_that_is_killed(self):
        study = self.hiding_study(budget="{trials: 4, steps_per_trial: 1000}", pause=0.05)
        process = self.start("run", study, "-o", self.results, "--workers", "2")
        self.wait_for(lambda: sum(command_of(pid)[:1] == [b"sleep"] for pid in processes_in(self.folder)) >= 2, "hidden processes")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        self.assert_no_process_left()

    def test_without_the_process_that_starts_hosts_the_workers_leave(self):
        study = self.hiding_study(budget="{trials: 4, steps_per_trial: 40}", pause=0.05)
        process = self.start("run", study, "-o", self.results, "--workers", "2", "--quiet")
        self.wait_for(lambda: self.journal_bytes() > 4000, "some reports")
        (spawner,) = [pid for pid in children_of(process.pid) if name_of(pid) == "coppice-spawner"]
        os.kill(spawner, signal.SIGKILL)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, out + err)
        self.assert_no_process_left()
        self.run_study(study, "--workers", "2")
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [40] * 4)
        self.verify_replay()

    def test_where_all_fail_alike_the_last_lines_are_said(self):
        study = self.study_that("print('no data set at /nowhere', flush=True); os._exit(3)", STEP,
                                budget="{trials: 50, steps_per_trial: 3}")
        _, err = self.run_study(study, status=1)
        self.assertIn("exit status 3", err)
        self.assertIn("no data set at /nowhere", err)
        self.assertLess(len(self.table("trials")), 10)
        self.assert_no_process_left()


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main(verbosity=2)
