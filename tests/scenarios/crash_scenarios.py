"""kill -9 of the whole run at random moments: run again, it ends, and nothing acknowledged is missing or doubled."""

import os
import random
import signal
import time
import unittest

from support import Scenario

KILLS = int(os.environ.get("COPPICE_KILLS", "20"))


class CrashScenarios(Scenario):
    def kill_until_it_ends(self, scheduler, budget, ranks, kills, seed):
        rng = random.Random(seed)
        study = self.sum_study(scheduler, budget, pause=0.01, extra="checkpoints: {every: 0.1s}\n")
        arguments = ["run", study, "-o", self.results, "--quiet"] + ([] if ranks else ["--workers", "2"])
        killed = 0
        acknowledged = set()
        while killed < kills:
            process = self.start(*arguments, ranks=ranks)
            # Mostly after so many more bytes of the journal, so that a fast machine is killed in the middle as well; now and then soon.
            more = self.journal_bytes() + rng.randint(50, 1200)
            soon = time.monotonic() + rng.uniform(0, 0.4) if rng.random() < 0.25 else float("inf")
            self.wait_for(lambda: self.journal_bytes() > more or time.monotonic() > soon or process.poll() is not None, "records")
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                killed += 1
            process.communicate()
            if process.returncode == 0:
                break
            # Ranks live in process groups of their own; without their launcher they end by themselves.
            if ranks:
                time.sleep(1.2)
            if self.journal_bytes() > 200:
                self.coppice("recover", self.results)
                reports = self.assert_sums_right()[1]
                now = {(int(row["trial"]), int(row["step"]), float(row["loss"])) for row in reports}
                self.assertLessEqual(acknowledged, now, "an acknowledged report is missing")
                acknowledged = now
        self.run_study(study, *([] if ranks else ["--workers", "2"]), ranks=ranks)
        trials, reports = self.assert_sums_right()
        now = {(int(row["trial"]), int(row["step"]), float(row["loss"])) for row in reports}
        self.assertLessEqual(acknowledged, now)
        self.assertEqual(len(now), len(reports), "a report is doubled")
        self.verify_replay()
        self.assertEqual(killed, kills, "the study is too short for so many kills")
        print(f"{scheduler}: {killed} kills, {len(trials)} trials, {len(reports)} reports, none lost or doubled", flush=True)
        return trials

    def test_pbt(self):
        trials = self.kill_until_it_ends("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 300}", None, KILLS, 1)
        self.assertEqual((trials["state"] == b"complete").sum(), 4)

    def test_asha(self):
        self.kill_until_it_ends("{name: asha, max_steps: 27, eta: 3}", "{trials: 100}", None, max(3, KILLS // 4), 2)

    def test_hyperband(self):
        trials = self.kill_until_it_ends("{name: hyperband, max_steps: 27, eta: 3, iterations: 2}", "{}", None, max(3, KILLS // 4), 3)
        self.assertEqual(len(trials), 98)

    def test_pbt_under_mpi(self):
        trials = self.kill_until_it_ends("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 400}", 3, max(3, KILLS // 4), 4)
        self.assertEqual((trials["state"] == b"complete").sum(), 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
