#!/usr/bin/env python3
"""What it costs to lose nothing: journal, study.h5 and checkpoints on disk, as shares of the time of a run.

  tests/bench/cost.py [build/ci/bin/coppice] [--steps 30] [--workers 4] [--state-kib 1024] [--trials 10000]

First a study with steps of 1 s (a sleep), a checkpoint of each: all that work is within 1 % of the time, or something is wrong. Then one of
many short trials, where study.h5 grows and is written on its schedule. Prints; asserts nothing, as machines differ."""

import argparse
import pathlib
import subprocess
import tempfile
import time

import h5py

TRAIN = """
import time, coppice
class Sleeper(coppice.Trainable):
    def setup(self, params): self.x, self.state = params["x"], bytearray(1024 * STATE_KIB)
    def step(self):
        time.sleep(1)
        self.x *= 0.99
        return {"loss": self.x}
    def save(self): return self.state
    def load(self, blob): self.state = bytearray(blob)
coppice.serve(Sleeper)
"""

LONG = """
name: long
objective: {metric: loss, direction: minimize}
space: {x: {type: float, low: 0, high: 1}}
scheduler: {name: pbt, population: WORKERS, interval: 1}
budget: {steps_per_trial: STEPS}
trainable: {command: [/usr/bin/python3, train.py]}
"""

SHORT = """
name: short
objective: {metric: value, direction: minimize}
space: {x1: {type: float, low: -5, high: 10}, x2: {type: float, low: 0, high: 15}}
budget: {trials: TRIALS}
trainable: {builtin: branin}
"""


def run(coppice, folder, study, workers):
    (folder / "study.yaml").write_text(study)
    began = time.monotonic()
    out = subprocess.run([coppice, "run", "study.yaml", "-o", "results", "--quiet", "--workers", str(workers)], cwd=folder, check=True,
                         text=True, stdout=subprocess.PIPE).stdout
    print(out[out.index("\n  workers"):].strip("\n"))
    wall_s = time.monotonic() - began
    with h5py.File(folder / "results" / "study.h5") as file:
        cost = dict(file.attrs)
        segments = file["segments"][:]
        print(f"  {len(file['trials'])} trials, {len(file['reports'])} reports, {wall_s:.1f} s with start and end")
    running_s = cost["cost_running_s"]
    shares = {
        "coordinator: journal and tables": cost["cost_record_s"] / running_s,
        "  of it appends to the journal": cost["cost_append_s"] / running_s,
        "coordinator: copies for study.h5": cost["cost_results_copy_s"] / running_s,
        "thread: commits of the journal": cost["cost_commit_s"] / running_s,
        "thread: study.h5": (cost["cost_results_s"] - cost["cost_results_copy_s"]) / running_s,
        "workers' threads: checkpoints to disk": cost["checkpoint_write_s"] / running_s / workers,
    }
    for name, share in shares.items():
        print(f"  {name:<40} {100 * share:7.3f} %")
    on_the_way = [share for name, share in shares.items() if name.startswith("coordinator")]
    beside = [share for name, share in shares.items() if name.startswith(("thread", "workers"))]
    print(f"  {'what the run waits for':<40} {100 * sum(on_the_way):7.3f} %   (the limit is 1 %, with steps of 1 s)")
    print(f"  {'what threads beside it wait for':<40} {100 * sum(beside):7.3f} %   (mostly the disk)")
    for cause in ("startup_s", "load_s", "train_s", "save_s", "transfer_s", "wait_s"):
        print(f"  segments: {cause:<30} {100 * segments[cause].sum() / running_s / workers:7.3f} %")
    events = cost["cost_appends"]
    print(f"  an event takes the coordinator {1e6 * cost['cost_record_s'] / events:.0f} us, of it {1e6 * cost['cost_append_s'] / events:.0f} us "
          f"for the journal, {cost['cost_journal_bytes'] / events:.0f} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("coppice", nargs="?", default="build/ci/bin/coppice", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--state-kib", type=int, default=1024)
    parser.add_argument("--trials", type=int, default=10000)
    options = parser.parse_args()
    coppice = options.coppice.absolute()
    for name, study, workers in (("steps of 1 s, each with a checkpoint", LONG.replace("WORKERS", str(options.workers)).replace("STEPS", str(options.steps)),
                                  options.workers), ("short trials", SHORT.replace("TRIALS", str(options.trials)), 2)):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "train.py").write_text(TRAIN.replace("STATE_KIB", str(options.state_kib)))
            print(f"{name}:")
            run(coppice, folder, study, workers)


if __name__ == "__main__":
    main()
