"""kill -9 at random moments of a trial host, a worker rank, rank 0, mpirun, and everything at once.

Whatever is killed: the study ends (where the run went with it, the same command goes on), nothing acknowledged is missing or doubled,
every value follows from its chain of hyperparameters, replay verifies, study.h5 opens at every one of these moments, and no process is
left. COPPICE_KILLS is the number of kills for each kind of victim: a few in CI, 100 by hand.
"""

import os
import random
import signal
import time
import unittest

import h5py
from support import Scenario, any_alive, children_of, command_of, ranks_of

KILLS = int(os.environ.get("COPPICE_KILLS", "6"))
KILLS_IN_A_STUDY = 6
RANKS = 3

STUDIES = [
    ("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 150}"),
    ("{name: asha, max_steps: 27, eta: 3}", "{trials: 60}"),
    ("{name: hyperband, max_steps: 27, eta: 3}", "{}"),
]
# A false death is harmless, and a true one is to be noticed within the test's patience. Hosts that are killed again and again are
# nobody's fault: no trial fails for it.
EXTRA = "checkpoints: {every: 0.1s}\ntimeouts: {worker: 5s}\nretries: 1000\n"


class CrashScenarios(Scenario):
    def kill(self, victim, seed, kills=KILLS):
        """Studies, one after the other, until `victim` was killed so often. Prints what came of it."""
        rng = random.Random(seed)
        done = studies = relaunches = reports = 0
        while done < kills:
            scheduler, budget = STUDIES[studies % len(STUDIES)]
            self.results = self.folder / f"results-{studies}"
            study = self.sum_study(scheduler, budget, pause=0.01, extra=EXTRA)
            killed, launches, rows = self.kill_until_it_ends(study, victim, min(KILLS_IN_A_STUDY, kills - done), rng)
            studies, done, relaunches, reports = studies + 1, done + killed, relaunches + launches - 1, reports + rows
        print(f"{victim}: {done} kills (seed {seed}) in {studies} studies, {relaunches} of them relaunched runs; all ended; "
              f"{reports} reports, none lost, none doubled", flush=True)

    def kill_until_it_ends(self, study, victim, kills, rng):
        killed = launches = 0
        acknowledged = set()
        while True:
            launches += 1
            self.assertLess(launches, 10 * kills + 10, "it doesn't end")
            process = self.start("run", study, "-o", self.results, "--quiet", ranks=RANKS, recovery=True)
            while process.poll() is None and killed < kills:
                # After so many more bytes of the journal, so that a fast machine is killed in the middle as well; now and then soon.
                more = self.journal_bytes() + rng.randint(50, 30000)
                soon = time.monotonic() + rng.uniform(0, 0.4) if rng.random() < 0.25 else float("inf")
                self.wait_for(lambda: self.journal_bytes() > more or time.monotonic() > soon or process.poll() is not None, "records")
                family = children_of(process.pid)
                if not self.kill_one(victim, process, family, rng):
                    continue
                killed += 1
                self.assert_opens()
                if victim not in ("host", "worker"):
                    self.wait_for(lambda: not any_alive(family), f"the end of all processes after the death of {victim}",
                                  limit_s=150)
                acknowledged = self.assert_none_lost(acknowledged)
            family = children_of(process.pid)
            out, err = process.communicate(timeout=240)
            self.wait_for(lambda: not any_alive(family), "the end of all processes")
            acknowledged = self.assert_none_lost(acknowledged)
            if (self.results / "outcome").exists() and self.outcome()["outcome"] == "finished":
                break
            self.assertTrue(killed, f"it ended with {process.returncode} by itself\n{out}\n{err}")
        _, reports = self.assert_sums_right()
        self.assertEqual(len(acknowledged), len(reports))
        self.verify_replay()
        return killed, launches, len(reports)

    def kill_one(self, victim, process, family, rng):
        """Kills one of the kind, if there is one at this moment."""
        launchers = [pid for pid in family if command_of(pid)[:1] == [b"mpirun"]]
        ranks = ranks_of(process)
        candidates = {
            "host": [pid for pid in family if b"train.py" in command_of(pid)],
            "worker": [pid for rank, pid in ranks.items() if rank > 0],
            "rank 0": [pid for rank, pid in ranks.items() if rank == 0],
            "mpirun": launchers,
            "everything": [family] if family else [],
        }[victim]
        if not candidates:
            return False
        for pid in rng.choice(candidates) if victim == "everything" else [rng.choice(candidates)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return True

    def assert_opens(self):
        """study.h5 is whole at this moment, for any HDF5 tool; there is none only before it was first written."""
        if (self.results / "study.h5").exists():
            with h5py.File(self.results / "study.h5", "r") as file:
                for table in file.values():
                    table[:]

    def assert_none_lost(self, before):
        """The reports in the journal now; those of before are among them, and each step of a trial is there once."""
        if self.journal_bytes() < 200:
            return before
        now = set(self.acknowledged_reports())
        self.assertLessEqual(before, now, "an acknowledged report is missing")
        self.assertEqual(len({report[:2] for report in now}), len(now), "a report is doubled")
        return now

    def test_a_trial_host(self):
        self.kill("host", 11)

    def test_a_worker_rank(self):
        self.kill("worker", 12)

    def test_rank_0(self):
        self.kill("rank 0", 13)

    def test_mpirun(self):
        self.kill("mpirun", 14)

    def test_everything(self):
        self.kill("everything", 15)


if __name__ == "__main__":
    unittest.main(verbosity=2)
