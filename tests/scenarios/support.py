"""What the scenarios share: running the real program in a directory of its own, and what must hold of every study.h5.

Pure standard library plus numpy and h5py (Debian's python3-h5py)."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import textwrap
import time
import unittest

import h5py
import numpy as np

BINARY = os.environ["COPPICE_BINARY"]
SOURCE = pathlib.Path(os.environ["COPPICE_SOURCE"])

MPI_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_oob_tcp_if_include": "lo",
    "OMPI_MCA_btl_tcp_if_include": "lo",
    "COPPICE_START_LIMIT": "20",
}

# A trainable with state: a wrong restore shows, as the value is a sum over all steps. Slow enough to be killed in the middle.
SUM_TRAINABLE = """
    import struct, time
    import coppice

    class Sum(coppice.Trainable):
        def setup(self, params):
            self.x, self.pause = params["x"], params.get("pause", 0.0)
            self.total, self.count = 0.0, 0
        def step(self):
            time.sleep(PAUSE)
            self.count += 1
            self.total += self.x / self.count
            return {"loss": self.total, "count": self.count}
        def save(self):
            return struct.pack("<dq", self.total, self.count)
        def load(self, blob):
            self.total, self.count = struct.unpack("<dq", bytes(blob))

    coppice.serve(Sum)
"""


class Scenario(unittest.TestCase):
    def setUp(self):
        self._temporary = tempfile.TemporaryDirectory(prefix="coppice-scenario-")
        self.folder = pathlib.Path(self._temporary.name)
        self.results = self.folder / "results"
        self.addCleanup(self._temporary.cleanup)
        self._running = []
        self.addCleanup(self._end_all)

    def _end_all(self):
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def sum_study(self, scheduler, budget, pause=0.0, extra=""):
        self.write("train.py", SUM_TRAINABLE.replace("PAUSE", str(pause)))
        return self.write(
            "study.yaml",
            "name: sum\nobjective: {metric: loss, direction: minimize}\n"
            "space:\n  x: {type: float, low: 0.1, high: 1.0}\n"
            f"scheduler: {scheduler}\nbudget: {budget}\n"
            "trainable: {command: [/usr/bin/python3, train.py]}\nseed: 3\n" + extra)

    def start(self, *arguments, ranks=None, recovery=False):
        """`recovery`: the ranks survive the death of one of them."""
        command = [BINARY, *map(str, arguments)]
        environment = dict(os.environ, COPPICE_SCENARIO=str(self.folder))
        if ranks:
            options = ["--enable-recovery"] if recovery else []
            command = ["timeout", "300", "mpirun", *options, "--bind-to", "none", "-n", str(ranks), *command]
            environment.update(MPI_ENVIRONMENT)
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        self._running.append(process)
        return process

    def coppice(self, *arguments, status=0, ranks=None, timeout=240):
        """Runs it to its end and returns (stdout, stderr)."""
        process = self.start(*arguments, ranks=ranks)
        out, err = process.communicate(timeout=timeout)
        if status is not None:
            self.assertEqual(process.returncode, status, f"{arguments}\n{out}\n{err}")
        return out, err

    def run_study(self, study, *arguments, **keywords):
        return self.coppice("run", study, "-o", self.results, "--quiet", *arguments, **keywords)

    def table(self, name, results=None):
        with h5py.File((results or self.results) / "study.h5", "r") as file:
            return file[name][:]

    def assert_study_whole(self, results=None):
        """What holds of every study at any moment: each trial's steps are the unbroken range origin_step + 1 … steps, each once."""
        trials, reports = self.table("trials", results), self.table("reports", results)
        for trial in trials:
            steps = np.sort(reports["step"][reports["trial"] == trial["trial"]])
            first = trial["origin_step"] + 1 if trial["origin_trial"] >= 0 else 1
            self.assertEqual(list(steps), list(range(first, trial["steps"] + 1)), f"trial {trial['trial']}")
        return trials, reports

    def assert_sums_right(self, results=None):
        """Of the Sum trainable: every value follows from the chain of hyperparameters, so no step was lost, doubled or trained from a
        wrong state."""
        trials, reports = self.assert_study_whole(results)
        totals = {}
        for trial in sorted(trials, key=lambda row: row["trial"]):
            start = trial["origin_step"] if trial["origin_trial"] >= 0 else 0
            total = totals[(trial["origin_trial"], start)] if start else 0.0
            rows = reports[reports["trial"] == trial["trial"]]
            for row in np.sort(rows, order="step"):
                total += trial["x"] / row["step"]
                self.assertAlmostEqual(row["loss"], total, places=12)
                self.assertEqual(row["count"], row["step"])
                totals[(trial["trial"], row["step"])] = total
        return trials, reports

    def verify_replay(self, results=None):
        self.coppice("replay", results or self.results, "--verify")

    def acknowledged_reports(self):
        """(trial, step, value) of every report in the journal: what was acknowledged is there."""
        events = [entry["event"] for entry in self.journal_entries() if entry["type"] == "entry"]
        return [(event["trial"], event["step"], event["metrics"]["loss"]) for event in events if event["type"] == "reported"]

    def best(self, results=None):
        out, _ = self.coppice("best", results or self.results, "--json")
        return json.loads(out)

    def wait_for(self, condition, what, limit_s=60):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.01)
        self.fail(f"waited {limit_s} s for {what}")

    def processes(self):
        """All that live of what was started here, by the mark in their environment."""
        mark = f"COPPICE_SCENARIO={self.folder}\0".encode()
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes() + b"\0":
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def journal_entries(self, results=None):
        out, _ = self.coppice("replay", results or self.results, "--json")
        lines = [json.loads(line) for line in out.splitlines()]
        return [line for line in lines if "event" in line]  # the others are starts

    def outcome(self, results=None):
        return json.loads(((results or self.results) / "outcome").read_text())

    def journal_bytes(self):
        path = self.results / "study.journal"
        return path.stat().st_size if path.exists() else 0


def children_of(pid):
    """All descendants of a process, by /proc."""
    found, front = [], [pid]
    while front:
        parent = front.pop()
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*"):
            try:
                front_new = [int(child) for child in (task / "children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += front_new
            front += front_new
    return found


def ranks_of(process):
    """The processes of MPI's ranks under `start`, by rank."""
    launchers = [pid for pid in children_of(process.pid) if command_of(pid)[:1] == [b"mpirun"]]
    ranks = [pid for launcher in launchers for pid in children_of(launcher) if parent_of(pid) == launcher]
    found = {environment_of(pid).get("OMPI_COMM_WORLD_RANK"): pid for pid in ranks}
    return {int(rank): pid for rank, pid in found.items() if rank is not None}


def any_alive(pids):
    """Whether one of them still runs; a zombie doesn't."""
    return any(_stat(pid)[:1] not in ([], ["Z"]) for pid in pids)


def _stat(pid):
    """State, parent, … of a process (fields 3 and on of /proc/PID/stat); empty where it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def parent_of(pid):
    """The pid of its parent; 0 where it is gone."""
    stat = _stat(pid)
    return int(stat[1]) if stat else 0


def catches(pid, number):
    """Whether the process has a handler of its own for a signal."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(mask, 16) >> (number - 1) & 1)


def environment_of(pid):
    """What it was started with; empty where it is gone."""
    try:
        entries = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return dict(entry.decode(errors="replace").split("=", 1) for entry in entries if b"=" in entry)


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def processes_in(folder):
    """All processes whose working directory is the folder or below: hosts start in that of their study, and what they start inherits it."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if pathlib.Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found
