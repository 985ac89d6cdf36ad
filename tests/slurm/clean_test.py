"""What jobs/launch.sh removes from a node's shared memory, and what it leaves alone. Needs no Slurm."""

import mmap
import os
import pathlib
import subprocess
import tempfile
import unittest

LAUNCH = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "launch.sh"


class CleanNode(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="coppice-clean-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.shared = self.folder / "shared"
        self.shared.mkdir()

    def clean(self, session):
        environment = {**os.environ, "OMPI_MCA_btl_vader_backing_directory": str(self.shared), "OMPI_MCA_orte_tmpdir_base": str(session),
                       "SLURM_JOB_ID": "77"}
        subprocess.run(["bash", "-c", f"source '{LAUNCH}'; coppice_clean_node"], env=environment, check=True, timeout=120)

    def make(self, name):
        path = self.shared / name
        path.write_bytes(bytes(4096))
        return path

    def test_only_what_no_process_has_mapped(self):
        for name in ("vader_segment.a.0.1.0", "vader_segment.a.0.1.1"):
            self.make(name)
        kept = {self.make("vader_segment.a.0.2.0"), self.make("sem.of-another-program"), self.make("notes")}
        with open(self.shared / "vader_segment.a.0.2.0", "r+b") as one, mmap.mmap(one.fileno(), 4096):
            self.clean(self.folder / "nowhere")
            self.assertEqual(set(self.shared.iterdir()), kept)

    def test_nothing_is_no_failure(self):
        self.clean(self.folder / "nowhere")
        self.assertEqual(list(self.shared.iterdir()), [])

    def test_only_the_session_directory_of_this_job(self):
        for name in ("coppice.77", "coppice.78", "other"):
            (self.folder / name / "ompi.a.0").mkdir(parents=True)
        for name in ("coppice.77", "coppice.78", "other"):
            self.clean(self.folder / name)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"coppice.78", "other", "shared"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
