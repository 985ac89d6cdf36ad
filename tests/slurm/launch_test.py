"""What jobs/launch.sh says and how it ends, with a launcher that only tells an outcome. Needs no Slurm."""

import os
import pathlib
import subprocess
import tempfile
import unittest

LAUNCH = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "launch.sh"


class Job(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="coppice-launch-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        # Slurm's programs, of which a job can do without all, and a program that knows of no report.
        for name in ("squeue", "scontrol", "srun", "sbatch", "coppice"):
            self.program(name, "exit 1")

    def program(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def job(self, launcher):
        """The launcher's last argument is where the outcome is told."""
        self.program("mpirun", launcher)
        script = f"source '{LAUNCH}'; coppice_results={self.folder}/results; coppice_run=(study.yaml); coppice_job"
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "77", "TMPDIR": str(self.folder),
                       "OMPI_MCA_btl_vader_backing_directory": str(self.folder / "none")}
        for name in ("OMPI_MCA_orte_tmpdir_base", "SLURM_ARRAY_TASK_ID"):
            environment.pop(name, None)
        result = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=120)
        return result.returncode, result.stdout

    def test_the_reason_is_said_whole(self):
        told = r'{"outcome":"failed","exit_status":2,"incarnation":1,"reason":"no \"x\", but y: a\\b, c"}'
        status, said = self.job(f"echo '{told}' > \"${{@: -1}}\"; exit 1")
        self.assertEqual(status, 2)
        self.assertIn('coppice job 77: failed: no "x", but y: a\\b, c\n', said)

    def test_launches_without_a_word(self):
        status, said = self.job("exit 0")
        self.assertEqual(status, 1)
        self.assertEqual(said.count("the run ended without a word"), 3)
        self.assertIn("giving up", said)

    def test_killed_while_it_saves(self):
        status, said = self.job('kill -USR1 "$PPID"; sleep 1; exit 0')
        self.assertEqual(status, 75)
        self.assertIn("USR1: the study is told to stop", said)
        self.assertIn("stopped before it could say how", said)

    def test_jobs_that_bring_nothing_are_not_queued_for_ever(self):
        self.program("scontrol", '[ "$1" = requeue ] || exit 1')
        self.program("coppice", "echo 5")
        stopped = """echo '{"outcome":"stopped","exit_status":75,"incarnation":1,"reason":"x"}' > "${@: -1}\""""
        for count in range(1, 11):
            status, said = self.job(stopped)
            self.assertEqual(status, 75)
            self.assertEqual("back in the queue" in said, count < 10, said)
        self.assertIn("10 jobs in a row brought no report", said)
        _, said = self.job(stopped)
        self.assertIn("back in the queue", said)  # by hand, it begins to count anew
        self.program("coppice", 'n=$(cat "$0.count" 2>/dev/null || echo 0); echo $((n + 1)) | tee "$0.count"')
        self.job(stopped)
        self.assertFalse((self.folder / "results" / ".barren").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
