"""Checkpoints on disk: damaged ones are noticed and the ones before them used, and they are where the study says."""

import re
import signal
import unittest

from support import Scenario

NAME = re.compile(r"t(\d+)-s(\d+)-(\d+)\.(\d+)\.ckpt")


def flip(path):
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def empty(path):
    path.write_bytes(b"")


DAMAGES = [flip, cut, empty, lambda path: path.unlink()]


class CheckpointScenarios(Scenario):
    def stop_in_the_middle(self, study, *arguments):
        process = self.start("run", study, "-o", self.results, "--quiet", *arguments)
        self.wait_for(lambda: self.journal_bytes() > 9000 or process.poll() is not None, "some reports")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, out + err)

    def files(self, folder=None):
        """{trial: its files, the oldest first}"""
        found = {}
        for path in (folder or self.results / "checkpoints").iterdir():
            match = NAME.fullmatch(path.name)
            self.assertTrue(match, path.name)
            found.setdefault(int(match[1]), []).append((int(match[2]), path))
        return {trial: [path for _, path in sorted(paths)] for trial, paths in found.items()}

    def damage_all_newest(self):
        """Of each trial that is not over the newest one, each in another way; returns their names."""
        trials = self.table("trials")
        going_on = set(trials["trial"][(trials["state"] == b"paused") | (trials["state"] == b"running")])
        names = []
        for i, (trial, paths) in enumerate(sorted(self.files().items())):
            if trial in going_on:
                DAMAGES[i % len(DAMAGES)](paths[-1])
                names.append(paths[-1].name)
        self.assertGreater(len(names), 0)
        return names

    def test_a_damaged_one_is_said_and_the_one_before_it_used(self):
        for name, scheduler, budget, workers in [("fifo", "fifo", "{trials: 4, steps_per_trial: 60}", 4),
                                                 ("pbt", "{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 60}", 2)]:
            with self.subTest(name):
                self.results = self.folder / name
                study = self.sum_study(scheduler, budget, pause=0.02, extra="checkpoints: {every: 0.1s}\n")
                self.stop_in_the_middle(study, "--workers", workers)
                self.assert_sums_right()
                damaged = self.damage_all_newest()
                _, err = self.run_study(study, "--workers", workers)
                self.assertTrue(any(name in err for name in damaged), err)
                trials, _ = self.assert_sums_right()
                self.assertEqual((trials["state"] == b"complete").sum(), 4)
                self.verify_replay()

    def test_one_damaged_state_costs_little(self):
        study = self.sum_study("fifo", "{trials: 1, steps_per_trial: 200}", pause=0.02, extra="checkpoints: {every: 0.1s}\n")
        self.stop_in_the_middle(study)
        (paths,) = self.files().values()
        self.assertGreaterEqual(len(paths), 2, "the one before is kept")
        flip(paths[-1])
        _, err = self.run_study(study)
        self.assertIn(str(paths[-1]), err)
        self.assertIn("damaged", err)
        self.assertEqual(list(self.assert_sums_right()[0]["steps"]), [200])
        before = int(NAME.fullmatch(paths[-2].name)[2])
        segments = self.table("segments")
        self.assertIn(before, segments["from_step"][segments["from_step"] > 0])
        self.verify_replay()

    def test_they_are_where_the_study_says(self):
        elsewhere = self.folder / "scratch" / "states"
        study = self.sum_study("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 60}", pause=0.01,
                               extra="checkpoints: {every: 0.1s, directory: scratch/states}\n")
        process = self.start("run", study, "-o", self.results, "--quiet", "--workers", "2")
        self.wait_for(lambda: self.journal_bytes() > 9000, "some reports")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75)
        self.assertFalse((self.results / "checkpoints").exists())
        self.assertGreater(len(list(elsewhere.glob("*.ckpt"))), 0)
        _, err = self.coppice("run", study, "-o", self.folder / "other", status=2)
        self.assertIn(str(self.results), err)
        self.assertIn("checkpoints.directory", err)
        (elsewhere / "t99-s1-1.1.ckpt").write_text("of a worker that died")
        (elsewhere / "t0-s1-1.1.ckpt.tmp").write_text("likewise")
        (elsewhere / "notes.txt").write_text("of the user")
        self.run_study(study, "--workers", "2")
        self.assert_sums_right()
        self.verify_replay()
        left = {path.name for path in elsewhere.iterdir()}
        self.assertEqual({name for name in left if not NAME.fullmatch(name)}, {"coppice-run", "notes.txt"})
        self.assertNotIn("t99-s1-1.1.ckpt", left)
        self.assertLess(len(left), 8, "what a finished study still needs")

    def test_a_directory_that_lost_them_is_said(self):
        study = self.sum_study("fifo", "{trials: 2, steps_per_trial: 100}", pause=0.02, extra="checkpoints: {every: 0.1s}\n")
        self.stop_in_the_middle(study, "--workers", "2")
        _, err = self.run_study(study, "--workers", "2", "--set", "checkpoints.directory=elsewhere")
        self.assertRegex(err, r"[0-9]+ checkpoints? that the journal knows (is|are) not in .*/elsewhere")
        self.assertEqual(list(self.assert_sums_right()[0]["steps"]), [100] * 2)
        self.verify_replay()


if __name__ == "__main__":
    unittest.main(verbosity=2)
