#!/usr/bin/env python3
"""What three ranks cost and how busy they are.

    tests/bench/three_ranks.py build/release/bin/coppice

1. The coordinator's own processor time, in percent of a core: of a dedicated one, and of one whose process also supervises a worker, while
   training goes on in other processes (a step sleeps 20 ms, so the machine is quiet).
2. The share of the workers' time that goes into segments, for that study and for the digits example (on as many cores as there are).

Exits 1 if a gate is missed: at most 8 % of a core, at least 90 % busy."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import h5py

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_oob_tcp_if_include": "lo", "OMPI_MCA_btl_tcp_if_include": "lo",
}
TRAIN = """
import time, coppice

class Sleeper(coppice.Trainable):
    def setup(self, params): self.x, self.count = params["x"], 0
    def step(self):
        time.sleep(0.02)
        self.count += 1
        return {"loss": self.x / self.count}
    def save(self): return self.count.to_bytes(8, "little")
    def load(self, blob): self.count = int.from_bytes(bytes(blob), "little")

coppice.serve(Sleeper)
"""
STUDY = """
name: sleeper
objective: {metric: loss, direction: minimize}
space:
  x: {type: float, low: 0.1, high: 1.0}
scheduler: {name: pbt, population: 8, interval: 20}
budget: {steps_per_trial: 200}
trainable: {command: [/usr/bin/python3, train.py]}
"""


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rank_0(mpirun):
    """The process of rank 0: the first child of mpirun that is a `coppice run` (its spawner is a child of its own)."""
    children = pathlib.Path(f"/proc/{mpirun}/task/{mpirun}/children").read_text().split()
    return int(children[0]) if children else None


def busy(results):
    with h5py.File(results / "study.h5") as file:
        segments = file["segments"][:]
    work = sum(segments[cause].sum() for cause in ("startup_s", "load_s", "train_s", "save_s", "transfer_s"))
    return work / (work + segments["wait_s"].sum() + segments["failed_s"].sum())


def run(binary, study, results):
    """Returns the processor share of rank 0 between its third second and the end."""
    process = subprocess.Popen(["mpirun", "--bind-to", "none", "-n", "3", binary, "run", study, "-o", results, "--quiet"],
                               env={**os.environ, **ENVIRONMENT}, stdout=subprocess.DEVNULL)
    share, begin = None, None
    limit = time.monotonic() + 300
    while process.poll() is None:
        if time.monotonic() > limit:
            process.terminate()
        time.sleep(0.25)
        try:
            pid = rank_0(process.pid)
            now = (time.monotonic(), processor_s(pid)) if pid else None
        except (FileNotFoundError, ProcessLookupError):
            continue
        if now is None:
            continue
        if begin is None:
            begin = (now[0] + 3, None)
        elif begin[1] is None and now[0] >= begin[0]:
            begin = now
        elif begin[1] is not None and now[0] > begin[0] + 1:
            share = (now[1] - begin[1]) / (now[0] - begin[0])
    if process.returncode != 0:
        sys.exit(f"{study}: exit status {process.returncode}")
    return share


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    good = True
    with tempfile.TemporaryDirectory(prefix="coppice-bench-") as folder:
        folder = pathlib.Path(folder)
        (folder / "train.py").write_text(TRAIN)
        for name, extra in (("dedicated coordinator", "coordinator: dedicated\n"), ("coordinator that works", "")):
            study = folder / "study.yaml"
            study.write_text(STUDY + extra)
            results = folder / name.replace(" ", "-")
            share = run(binary, study, results)
            print(f"{name:<24} {100 * share:5.1f} % of a core · workers busy {100 * busy(results):.1f} %", flush=True)
            good = good and share <= 0.08 and busy(results) >= 0.9
        results = folder / "digits"
        run(binary, ROOT / "examples/digits-pbt/study.yaml", results)
        print(f"{'digits, three ranks':<24} workers busy {100 * busy(results):.1f} % on {os.cpu_count()} cores")
        good = good and busy(results) >= 0.9
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
