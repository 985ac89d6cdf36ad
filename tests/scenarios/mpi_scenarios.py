"""The main job's shape: several ranks, checkpoints pulled from rank to rank."""

import json
import os
import signal
import unittest

from support import Scenario, children_of


class MpiScenarios(Scenario):
    def test_pbt_on_one_two_and_four_ranks(self):
        for ranks in (1, 2, 4):
            with self.subTest(ranks):
                self.results = self.folder / f"ranks-{ranks}"
                study = self.sum_study("{name: pbt, population: 6, interval: 2}", "{steps_per_trial: 20}", pause=0.002)
                self.run_study(study, ranks=ranks)
                trials, _ = self.assert_sums_right()
                self.assertEqual((trials["state"] == b"complete").sum(), 6)
                self.assertEqual(len(self.table("workers")), ranks)
                if ranks > 1:
                    self.assertGreater(self.table("segments")["transfer_s"].sum(), 0)
                self.verify_replay()

    def test_a_dedicated_coordinator(self):
        study = self.sum_study("fifo", "{trials: 4, steps_per_trial: 3}", extra="coordinator: dedicated\n")
        self.run_study(study, ranks=3)
        self.assertEqual(len(self.table("workers")), 2)
        _, err = self.coppice("run", study, "-o", self.folder / "alone", ranks=1, status=2)
        self.assertIn("dedicated", err)

    def test_a_wrong_study_ends_all_ranks_with_2(self):
        study = self.write("study.yaml", "nmae: x\n")
        outcome = self.folder / "outcome"
        _, err = self.run_study(study, ranks=3, status=2)
        self.assertEqual(err.count("study.yaml:1:"), 1, "said once")
        self.run_study(study, "--outcome", outcome, ranks=3, status=0)  # what the file tells, a launcher needn't know
        self.assertEqual(json.loads(outcome.read_text())["exit_status"], 2)

    def test_a_signal_to_mpirun_stops_in_order(self):
        study = self.sum_study("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 200}", pause=0.01)
        process = self.start("run", study, "-o", self.results, "--quiet", ranks=3)
        self.wait_for(lambda: self.journal_bytes() > 6000, "some reports")
        os.kill(children_of(process.pid)[0], signal.SIGUSR1)  # mpirun hands it to all ranks
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.assert_sums_right()
        self.run_study(study, ranks=2)
        trials, _ = self.assert_sums_right()
        self.assertEqual((trials["state"] == b"complete").sum(), 4)
        self.verify_replay()


if __name__ == "__main__":
    unittest.main(verbosity=2)
