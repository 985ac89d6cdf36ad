"""Runs that know when their allocation ends: nothing is begun in vain, all is saved, and the next ones go on."""

import os
import time
import unittest

import numpy as np

from support import Scenario

STEP_S = 1.0


class TimeLimitScenarios(Scenario):
    def run_until(self, end, *arguments):
        """One run in an allocation that ends then. Returns (exit status, stdout + stderr)."""
        os.environ["COPPICE_END_TIME"] = str(int(end))
        try:
            process = self.start("run", *arguments, "-o", self.results, "--quiet")
        finally:
            del os.environ["COPPICE_END_TIME"]
        out, err = process.communicate(timeout=120)
        self.assertLess(time.time(), end + 10, "it outlived its allocation")  # a busy machine is given some seconds
        return process.returncode, out + err

    def segments_without_a_checkpoint(self):
        """Those whose last step is not the one from which the trial's next segment began."""
        segments = self.table("segments")
        lost = 0
        for trial in set(segments["trial"]):
            own = segments[segments["trial"] == trial]
            lost += int((own["to_step"][:-1] != own["from_step"][1:]).sum())
        return lost

    def test_a_study_gets_done_in_short_allocations(self):
        study = self.sum_study("fifo", "{trials: 4, steps_per_trial: 9}", pause=STEP_S)
        starts, status = 0, 75
        while status == 75 and starts < 20:
            starts += 1
            # Longer on a machine that is so slow that start-up takes most of it.
            status, said = self.run_until(time.time() + 10 + 2 * starts, study, "--workers", "2")
            self.assertIn(status, (0, 75), said)
            if status == 75:
                self.assertIn("time limit", said)
                self.assertIn("the allocation ends in", said)
        self.assertEqual(status, 0)
        self.assertGreater(starts, 1)
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [9] * 4)
        self.assertEqual(self.segments_without_a_checkpoint(), 0)
        self.assertEqual(self.table("segments")["failed_s"].sum(), 0)
        reasons = [row["reason"].decode() for row in self.table("decisions") if row["kind"] == b"halt"]
        self.assertEqual(len(reasons), starts - 1)
        self.verify_replay()
        print(f"{starts} allocations, {len(self.table('segments'))} segments, none in vain:\n  " + "\n  ".join(reasons), flush=True)

    def test_a_step_that_does_not_end_is_given_up_in_time(self):
        study = self.sum_study("fifo", "{trials: 1, steps_per_trial: 3}", pause=0.01)
        train = self.folder / "train.py"
        train.write_text(train.read_text().replace("self.count += 1", "self.count += 1\n        if self.count == 3: time.sleep(3600)"))
        status, said = self.run_until(time.time() + 20, study, "--set", "checkpoints.every=0.001")
        self.assertEqual(status, 75, said)
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [2])
        train.write_text(train.read_text().replace("time.sleep(3600)", "pass"))
        self.run_study(study)
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [3])
        self.assertEqual(self.table("segments")["from_step"][-1], 2, "it went on from its last checkpoint")
        self.verify_replay()

    def test_the_time_between_runs_does_not_count_for_the_wall_time(self):
        study = self.sum_study("fifo", "{trials: 1000, steps_per_trial: 2, wall_time: 60s}", pause=0.05)
        status, said = self.run_until(time.time() + 14, study)
        self.assertEqual(status, 75, said)
        before = self.table("reports")["time_s"].max()
        time.sleep(4)
        self.run_study(study, "--set", f"budget.wall_time={before + 3:.1f}s")
        times = self.table("reports")["time_s"]
        self.assertGreater((times > before).sum(), 0)
        self.assertLess(np.diff(np.sort(times)).max(), 60)

    def test_an_end_that_makes_no_sense(self):
        study = self.sum_study("fifo", "{trials: 2, steps_per_trial: 2}")
        os.environ["COPPICE_END_TIME"] = "tomorrow"
        try:
            _, err = self.run_study(study, status=2)
            self.assertIn("COPPICE_END_TIME", err)
            os.environ["COPPICE_END_TIME"] = "1000"
            _, err = self.run_study(study)
            self.assertIn("should have ended", err)
        finally:
            del os.environ["COPPICE_END_TIME"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
