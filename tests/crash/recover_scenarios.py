"""What `coppice recover` says of a directory that something happened to."""

import json
import signal
import unittest

from support import Scenario


class RecoverScenarios(Scenario):
    def setUp(self):
        super().setUp()
        self.study = self.sum_study("{name: pbt, population: 3, interval: 3}", "{steps_per_trial: 60}", pause=0.02,
                                    extra="checkpoints: {every: 0.1s}\n")
        process = self.start("run", self.study, "-o", self.results, "--quiet", "--workers", "2")
        self.wait_for(lambda: self.journal_bytes() > 9000 or process.poll() is not None, "some reports", limit_s=120)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, out + err)
        self.before = (self.results / "study.h5").read_bytes()

    def recover(self, status):
        out, err = self.coppice("recover", self.results, "--json", status=status)
        self.assertEqual(err, "")
        return json.loads(out)

    def checkpoints(self):
        return sorted((self.results / "checkpoints").glob("*.ckpt"))

    def test_a_whole_one(self):
        (self.results / "study.h5").unlink()
        (self.results / "study.yaml").unlink()
        found = self.recover(0)
        self.assertTrue(found["whole"] and found["journal"]["verified"])
        self.assertEqual(found["checkpoints"]["whole"], len(self.checkpoints()))
        self.assertGreater(found["checkpoints"]["whole"], 0)
        self.assertEqual((self.results / "study.h5").read_bytes(), self.before, "equal journals make equal files")
        out, _ = self.coppice("recover", self.results)
        self.assertIn("every decision the same", out)

    def test_checkpoints_that_are_missing_damaged_or_too_many(self):
        files = self.checkpoints()
        self.assertGreaterEqual(len(files), 3)
        missing, flipped, cut = files[0], files[1], files[2]
        missing.unlink()
        content = bytearray(flipped.read_bytes())
        content[-1] ^= 1
        flipped.write_bytes(content)
        cut.write_bytes(cut.read_bytes()[:-3])
        folder = self.results / "checkpoints"
        (folder / "t99-s1-1.1.ckpt").write_bytes(b"nobody's")
        (folder / "t0-s1-1.1.ckpt.tmp").write_bytes(b"half")
        found = self.recover(1)
        problems = {item["file"]: item for item in found["checkpoints"]["lost"]}
        self.assertEqual(set(problems), {missing.name, flipped.name, cut.name})
        self.assertEqual(problems[missing.name]["problem"], "is missing")
        self.assertIn("checksum", problems[flipped.name]["problem"])
        self.assertIn("no valid header", problems[cut.name]["problem"])
        for item in problems.values():
            self.assertRegex(item["consequence"], r"^trial \d+ |^its trial is over")
        self.assertEqual(found["checkpoints"]["unneeded"], ["t99-s1-1.1.ckpt"])
        self.assertEqual(found["checkpoints"]["temporary"], ["t0-s1-1.1.ckpt.tmp"])
        self.assertTrue((folder / "t99-s1-1.1.ckpt").exists(), "nothing is removed")
        out, err = self.coppice("recover", self.results, status=1)
        self.assertIn("is missing", out)
        self.assertIn("3 checkpoints are lost", err)
        # What it said would come comes: the study goes on without them.
        self.run_study(self.study, "--workers", "2")
        trials, _ = self.assert_sums_right()
        self.assertEqual((trials["state"] == b"complete").sum(), 3)
        self.assertFalse((folder / "t0-s1-1.1.ckpt.tmp").exists())

    def test_checkpoints_elsewhere(self):
        elsewhere = self.folder / "scratch"
        study = self.write("other.yaml", self.study.read_text().replace("every: 0.1s", "every: 0.1s, directory: scratch"))
        self.results = self.folder / "other"
        self.run_study(study, "--workers", "2")
        found = self.recover(0)
        self.assertEqual(found["checkpoints"]["directory"], str(elsewhere))
        self.assertEqual(found["checkpoints"]["whole"], len(list(elsewhere.glob("*.ckpt"))))
        self.assertGreater(found["checkpoints"]["whole"], 0)

    def test_records_that_are_lost_leave_their_results(self):
        journal = (self.results / "study.journal").read_bytes()
        (self.results / "study.journal").write_bytes(journal[:len(journal) // 2])
        found = self.recover(1)
        self.assertIn("acknowledged are lost", found["journal"]["records_lost"])
        kept = self.results / f"study-ahead-{len(journal)}.h5"
        self.assertEqual(kept.read_bytes(), self.before)
        self.assertLess(len(self.assert_study_whole()[1]), 1000)

    def test_a_run_that_finds_no_journal_keeps_the_results(self):
        size = (self.results / "study.journal").stat().st_size
        for what, fresh in (("gone", []), ("empty", []), ("empty", ["--fresh"])):
            with self.subTest(what=what, fresh=fresh):
                (self.results / "study.h5").write_bytes(self.before)
                kept = self.results / f"study-ahead-{size}.h5"
                kept.unlink(missing_ok=True)
                (self.results / "study.journal").unlink()
                if what == "empty":
                    (self.results / "study.journal").touch()
                _, err = self.run_study(self.study, "--workers", "2", *fresh)
                self.assertIn("acknowledged are lost", err)
                self.assertEqual(kept.read_bytes(), self.before)

    def test_a_journal_of_another_decision_version_is_read(self):
        journal = bytearray((self.results / "study.journal").read_bytes())
        import zlib
        journal[12] = 250
        journal[16:20] = zlib.crc32(journal[:16]).to_bytes(4, "little")
        (self.results / "study.journal").write_bytes(journal)
        (self.results / "study.h5").unlink()
        found = self.recover(0)
        self.assertFalse(found["journal"]["verified"])
        self.assertEqual((self.results / "study.h5").read_bytes(), self.before)
        out, _ = self.coppice("recover", self.results)
        self.assertIn("decision version 250", out)
        _, err = self.run_study(self.study, status=2)
        self.assertIn("decision version 250", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
