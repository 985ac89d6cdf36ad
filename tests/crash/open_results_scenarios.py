"""study.h5 opens with plain h5py at every moment, while a run writes it and is killed. COPPICE_KILLS says how often (default 8)."""

import os
import random
import signal
import subprocess
import sys
import unittest

from support import Scenario

KILLS = int(os.environ.get("COPPICE_KILLS", "8"))

READER = """
import sys, time, pathlib, h5py
path, stop = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
opened, names = 0, set()
while not stop.exists():
    if path.exists():
        with h5py.File(path, "r") as file:   # any failure ends this with a traceback
            rows = len(file["reports"][:])
            assert len(file["trials"][:]) >= 0 and file.attrs["name"] == "sum"
            names.add((path.stat().st_ino, rows))
        opened += 1
    time.sleep(0.002)
print(opened, len(names))
"""


class OpenResultsScenarios(Scenario):
    def test_while_a_run_writes_and_is_killed(self):
        study = self.sum_study("{name: pbt, population: 4, interval: 5}", "{steps_per_trial: 5000}", pause=0.01)
        stop = self.folder / "stop"
        reader = subprocess.Popen([sys.executable, "-c", READER, self.results / "study.h5", stop], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(reader.kill)
        rng = random.Random(10)
        for kill in range(KILLS):
            process = self.start("run", study, "-o", self.results, "--quiet", "--workers", "2")
            file, temporary = self.results / "study.h5", self.results / ".study.h5.tmp"
            before = file.stat().st_mtime_ns if file.exists() else 0
            writes = rng.randint(0, 2)
            # Half of the kills come while a new file is being written, as near as that can be seen.
            catch = kill % 2 == 0

            def moment():
                nonlocal before, writes
                now = file.stat().st_mtime_ns if file.exists() else 0
                if now != before:
                    before, writes = now, writes - 1
                return process.poll() is not None or (writes < 0 and (not catch or temporary.exists() or writes < -2))

            self.wait_for(moment, "a written study.h5", limit_s=120)
            self.assertIsNone(process.poll(), "the study is too short for so many kills")
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            self.assertIsNone(reader.poll(), "the reader failed")
        stop.touch()
        out, err = reader.communicate(timeout=60)
        self.assertEqual(reader.returncode, 0, err)
        opened, files = map(int, out.split())
        self.assertGreater(opened, 0)
        self.assertGreater(files, KILLS // 2)
        print(f"{KILLS} kills (seed 10): opened {opened} times, {files} different files, whole each time", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
