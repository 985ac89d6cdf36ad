"""The journal of a real run, cut or damaged at random places: `coppice recover` gives what was before, or refuses it with the offset; a
run goes on from there. COPPICE_TEARS says how many (default 40)."""

import os
import random
import re
import shutil
import unittest

from support import Scenario

TEARS = int(os.environ.get("COPPICE_TEARS", "40"))
RESUMES = max(2, TEARS // 10)


class TornScenarios(Scenario):
    def setUp(self):
        super().setUp()
        self.study = self.sum_study("{name: pbt, population: 3, interval: 2}", "{steps_per_trial: 8}")
        self.run_study(self.study, "--workers", "2")
        self.journal = (self.results / "study.journal").read_bytes()
        self.truth = self.assert_sums_right()[1]

    def damaged(self, rng, kind):
        at = rng.randrange(20, len(self.journal))
        if kind == "cut":
            return at, self.journal[:at]
        if kind == "zeros":
            return at, self.journal[:at] + bytes(len(self.journal) - at)
        if kind == "rubbish":
            return len(self.journal), self.journal + rng.randbytes(rng.randint(1, 400))
        bad = bytearray(self.journal)
        bad[at] ^= 1 << rng.randrange(8)
        return at, bytes(bad)

    def copy(self, journal, name):
        copy = self.folder / name
        shutil.copytree(self.results, copy, ignore=shutil.ignore_patterns("study.h5", "owner"))
        (copy / "study.journal").write_bytes(journal)
        return copy

    def test_recover_gives_what_was_before_or_refuses(self):
        rng = random.Random(7)
        counts = {"recovered": 0, "refused": 0}
        for i in range(TEARS):
            kind = ("cut", "zeros", "rubbish", "flip", "flip")[i % 5]
            at, journal = self.damaged(rng, kind)
            copy = self.copy(journal, f"torn-{i}")
            with self.subTest(kind=kind, at=at, seed=7):
                process = self.start("recover", copy)
                out, err = process.communicate(timeout=120)
                self.assertIn(process.returncode, (0, 1, 2), out + err)
                if not (copy / "study.h5").exists():
                    self.assertRegex(err, r"byte \d+|holds no record")
                    offset = re.search(r"byte (\d+)", err)
                    self.assertLessEqual(int(offset.group(1)) if offset else 0, at)
                    counts["refused"] += 1
                else:
                    reports = self.assert_sums_right(copy)[1]
                    self.assertEqual(reports.tolist(), self.truth[:len(reports)][list(reports.dtype.names)].tolist())
                    counts["recovered"] += 1
            shutil.rmtree(copy)
        print(f"{TEARS} torn journals: {counts['recovered']} recovered to the last good record, {counts['refused']} refused with the offset",
              flush=True)

    def test_a_run_goes_on_from_a_cut_journal(self):
        rng = random.Random(8)
        for i in range(RESUMES):
            at, journal = self.damaged(rng, ("cut", "zeros")[i % 2])
            copy = self.copy(journal, f"resumed-{i}")
            with self.subTest(at=at, seed=8):
                self.coppice("run", self.study, "-o", copy, "--quiet", "--workers", "2")
                trials, _ = self.assert_sums_right(copy)
                self.assertEqual((trials["state"] == b"complete").sum(), 3)
                self.verify_replay(copy)


if __name__ == "__main__":
    unittest.main(verbosity=2)
