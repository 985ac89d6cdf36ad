"""A virtual Slurm cluster for a test program, and what a Slurm job must leave behind: nothing.

up.sh and down.sh do the work; where they can't (no root, no Slurm), the program ends with 77, which CTest calls skipped."""

import atexit
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenarios"))

from support import BINARY, SOURCE, Scenario  # noqa: E402

NODES = 4
OVER = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}
# On a busy machine everything takes its time; a test that passes doesn't wait so long.
LIMIT_S = 240


class Cluster:
    def __init__(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="coppice-cluster-")
        self.folder = pathlib.Path(self._temporary.name) / "cluster"
        self.environment = {**os.environ, "COPPICE_CLUSTER": str(self.folder)}
        atexit.register(self.down)  # also where somebody interrupts the tests
        self.up()
        for line in (self.folder / "environment").read_text().splitlines():
            if line.startswith("export "):
                for word in line.split()[1:]:
                    name, _, value = word.partition("=")
                    self.environment[name] = value

    def up(self):
        done = subprocess.run([HERE / "up.sh", str(NODES)], env=self.environment, capture_output=True, text=True)
        if done.returncode == 77:
            print(f"SKIPPED: {done.stderr.strip()}")
            sys.exit(77)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def down(self):
        subprocess.run([HERE / "down.sh"], env=self.environment, check=True, capture_output=True, text=True)
        self._temporary.cleanup()

    def shared(self):
        """The nodes' folders for shared memory."""
        return pathlib.Path(re.search(r"^shared=(.*)/", (self.folder / "etc" / "task_prolog").read_text(), re.M).group(1))

    def kill_node(self, node):
        """As a power cut would: slurmd, what it started, and all their descendants, at once, and what was in its memory."""
        front = [int((self.folder / "run" / f"slurmd.{node}.pid").read_text())]
        # The steps' daemons are nobody's children. They know their node by the folder that slurmd gave it.
        for process in processes():
            if environment_of(process).get("SLURMD_NODENAME") == node:
                front += [process, parent_of(process)] if command_of(parent_of(process)).startswith("slurmstepd") else [process]
        doomed = set(front)
        while True:
            more = {process for process in processes() if parent_of(process) in doomed} - doomed
            if not more:
                break
            doomed |= more
        for process in doomed:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        (self.folder / "run" / f"slurmd.{node}.pid").unlink()
        shutil.rmtree(self.shared() / node, ignore_errors=True)
        return len(doomed)


def processes():
    return [int(path.name) for path in pathlib.Path("/proc").iterdir() if path.name.isdigit()]


def read_proc(process, name):
    try:
        return pathlib.Path(f"/proc/{process}/{name}").read_bytes()
    except OSError:
        return b""


def environment_of(process):
    pairs = (pair.partition(b"=") for pair in read_proc(process, "environ").split(b"\0"))
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, _, value in pairs}


def command_of(process):
    return read_proc(process, "cmdline").replace(b"\0", b" ").decode(errors="replace")


def parent_of(process):
    match = re.search(rb"^PPid:\s*(\d+)", read_proc(process, "status"), re.M)
    return int(match.group(1)) if match else 0


class SlurmScenario(Scenario):
    """Each test has a folder of its own, also for temporary files, and a mark in the environment of all its processes."""

    cluster = None

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()

    def setUp(self):
        super().setUp()
        self.cluster.up()  # nodes that a test killed
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.mark = uuid.uuid4().hex
        self.environment = {**self.cluster.environment, "COPPICE_TEST_MARK": self.mark, "TMPDIR": str(self.temporary),
                            # Not as patient as on a cluster where file systems stall.
                            "coppice_silence_s": "20", "coppice_leave_s": "10",
                            "COPPICE": BINARY, "COPPICE_JOBS": str(SOURCE / "jobs")}
        self.addCleanup(self._cancel_all)

    def _cancel_all(self):
        """What a failed test leaves in the queue."""
        self.slurm("scancel", "--user=" + str(os.getuid()), status=None)
        self.wait_for(lambda: not self.slurm("squeue", "-h", "-o", "%i"), "an empty queue", LIMIT_S)

    def slurm(self, *command, status=0):
        done = subprocess.run([str(word) for word in command], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=LIMIT_S)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{command}\n{done.stdout}\n{done.stderr}")
        return (done.stdout + done.stderr).strip() if status else done.stdout.strip()

    def submit(self, study, *arguments, nodes=NODES, status=0):
        """The job's id, or what was said where it's refused."""
        text = self.slurm(BINARY, "submit", study, "-o", self.results, "--nodes", nodes, *arguments, status=status)
        return int(re.match(r"job (\d+)", text).group(1)) if status == 0 else text

    def sbatch(self, *arguments):
        return int(self.slurm("sbatch", "--parsable", *arguments).split(";")[0])

    def job(self, job):
        """What Slurm says of it, as a dictionary."""
        return dict(pair.partition("=")[::2] for pair in self.slurm("scontrol", "-o", "show", "job", job).split())

    def log(self):
        path = self.results / "job.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_job(self, job, limit_s=LIMIT_S):
        """Until it is over for good; returns (state, exit status)."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            said = self.job(job)
            if said["JobState"] in OVER:
                return said["JobState"], int(said["ExitCode"].split(":")[0])
            time.sleep(0.3)
        self.fail(f"waited {limit_s} s for job {job}: {said['JobState']} {said.get('Reason')}\n{self.log()}")

    def wait_for_reports(self, count, job=None):
        """Until the journal has grown by about so many."""
        base = self.journal_bytes()
        self.wait_for(lambda: self.journal_bytes() > max(base, 3000) + 150 * count, f"{count} reports\n{self.log()}", LIMIT_S)

    def assert_nothing_left(self):
        mine = lambda: [process for process in processes() if environment_of(process).get("COPPICE_TEST_MARK") == self.mark]
        try:
            self.wait_for(lambda: not mine(), "the end of all processes", 60)
        except AssertionError:
            self.fail("left: " + "; ".join(f"{process} {command_of(process)[:80]}" for process in mine()))
        left = [path for path in self.folder.rglob("*") if path.name.endswith(".tmp") or path.name.startswith((".outcome", ".owner")) or
                path.name == "owner"]
        left += list(self.temporary.iterdir())
        left += [path for path in self.cluster.shared().rglob("*") if not path.is_dir()]
        self.assertEqual([str(path) for path in left], [])
