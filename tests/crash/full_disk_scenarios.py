"""A disk that fills up at random moments of a run: a clear error that names the file and the bytes, nothing acknowledged lost, and the
same command finishes once there is room. COPPICE_FILLS says how many moments (default 6)."""

import os
import random
import subprocess
import unittest

from support import BINARY, Scenario

FILLS = int(os.environ.get("COPPICE_FILLS", "6"))
DISK_BYTES = 3 << 20


class FullDiskScenarios(Scenario):
    def mount(self):
        """A small file system of its own for the results; one leaves it to a container to allow that."""
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"can't mount a small disk: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk])
        return disk

    def fill(self, disk, leave):
        """Takes all room but `leave` bytes, roughly."""
        with open(disk / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
            file.truncate(max(0, file.tell() - leave))

    def test_at_random_moments(self):
        disk = self.mount()
        self.results = disk / "results"
        study = self.sum_study("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 300}", pause=0.01,
                               extra="checkpoints: {every: 0.1s}\n")
        rng = random.Random(9)
        acknowledged, full, stops = set(), 0, []
        while full < FILLS:
            process = self.start("run", study, "-o", self.results, "--quiet", "--workers", "2")
            more = self.journal_bytes() + rng.randint(50, 4000)
            leave = rng.choice([0, 0, 4096, 20000])
            self.wait_for(lambda: self.journal_bytes() > more or process.poll() is not None, "records")
            if process.poll() is None:
                self.fill(disk, leave)
                full += 1
            out, err = process.communicate(timeout=120)
            with self.subTest(fill=full, more=more, leave=leave, seed=9):
                self.assertIn(process.returncode, (0, 1), out + err)
                if process.returncode == 1:
                    self.assertRegex(err, r"disk/results/\S+.*\d+ (of \d+ )?bytes.*No space left on device")
                    stops.append([line for line in err.splitlines() if "No space left" in line][-1])
            if process.returncode == 0:
                self.assertEqual(full, FILLS, "the study is too short for so many full disks")
            (disk / "filler").unlink(missing_ok=True)
            self.coppice("recover", self.results)
            reports = self.assert_sums_right()[1]
            now = {(int(row["trial"]), int(row["step"]), float(row["loss"])) for row in reports}
            self.assertLessEqual(acknowledged, now, "an acknowledged report is missing")
            acknowledged = now
        self.run_study(study, "--workers", "2")
        trials, reports = self.assert_sums_right()
        now = {(int(row["trial"]), int(row["step"]), float(row["loss"])) for row in reports}
        self.assertLessEqual(acknowledged, now)
        self.assertEqual(len(now), len(reports), "a report is doubled")
        self.assertEqual((trials["state"] == b"complete").sum(), 4)
        self.verify_replay()
        print(f"{full} full disks (seed 9), {len(stops)} ended the run, {len(reports)} reports: none lost or doubled", flush=True)

    def test_a_limit_on_the_size_of_files_reads_like_a_full_disk(self):
        study = self.sum_study("fifo", "{trials: 4, steps_per_trial: 40}")
        limited = subprocess.run(["prlimit", "--fsize=3000", BINARY, "run", study, "-o", self.results, "--quiet"], cwd=self.folder,
                                 capture_output=True, text=True, timeout=240)
        self.assertEqual(limited.returncode, 1, limited.stdout + limited.stderr)
        self.assertRegex(limited.stderr, r"study\.journal: only \d+ of \d+ bytes could be written at byte \d+: File too large")
        self.run_study(study)
        trials, _ = self.assert_sums_right()
        self.assertEqual(list(trials["steps"]), [40] * 4)
        self.verify_replay()


if __name__ == "__main__":
    unittest.main(verbosity=2)
