#!/usr/bin/env python3
"""What the death of a rank costs: kill -9 of a worker rank in mid-run, under `mpirun --enable-recovery` on four ranks.

    tests/bench/rank_loss.py build/release/bin/coppice [kills]

A step takes 50 ms; states of 1 MiB are saved every second and copied to disk in the background, so a death costs what was trained since
the last one. All figures are read from the journal: the silence until the rank is declared dead (timeouts.worker is 5 s here), the steps
that are trained again, and the seconds from the order to another worker until the trial reports a new step there (the state is read, and
those steps are trained). Exits 1 if the study doesn't finish or a death costs more steps than 2 s of training."""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_oob_tcp_if_include": "lo", "OMPI_MCA_btl_tcp_if_include": "lo",
}
STEP_S = 0.05
TRAIN = f"""
import time, coppice

class Sleeper(coppice.Trainable):
    def setup(self, params): self.x, self.count, self.ballast = params["x"], 0, bytes(1 << 20)
    def step(self):
        time.sleep({STEP_S})
        self.count += 1
        return {{"loss": self.x / self.count}}
    def save(self): return self.count.to_bytes(8, "little") + self.ballast
    def load(self, blob): self.count = int.from_bytes(bytes(blob)[:8], "little")

coppice.serve(Sleeper)
"""
STUDY = """
name: sleeper
objective: {metric: loss, direction: minimize}
space:
  x: {type: float, low: 0.1, high: 1.0}
budget: {trials: 4, steps_per_trial: 300}
trainable: {command: [/usr/bin/python3, train.py]}
checkpoints: {every: 1s}
timeouts: {worker: 5s}
"""


def rank_process(mpirun, rank):
    for child in pathlib.Path(f"/proc/{mpirun}/task/{mpirun}/children").read_text().split():
        if f"OMPI_COMM_WORLD_RANK={rank}\0".encode() in pathlib.Path(f"/proc/{child}/environ").read_bytes() + b"\0":
            return int(child)
    return None


def run_and_kill(binary, folder, results):
    command = ["timeout", "300", "mpirun", "--enable-recovery", "--bind-to", "none", "-n", "4", binary, "run", folder / "study.yaml", "-o",
               results, "--quiet"]
    process = subprocess.Popen(command, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = results / "study.journal"
    while process.poll() is None and (not journal.exists() or journal.stat().st_size < 20000):
        time.sleep(0.02)
    mpirun = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
    os.kill(rank_process(mpirun, 2), signal.SIGKILL)
    process.wait()
    outcome = results / "outcome"
    if not outcome.exists() or json.loads(outcome.read_text())["outcome"] != "finished":
        sys.exit("the study did not finish")
    out = subprocess.check_output([binary, "replay", results, "--json"], text=True)
    return [entry for entry in map(json.loads, out.splitlines()) if "event" in entry]  # the others are starts


def cost(entries):
    """(silence, steps trained again, seconds from the order until the trial was further) of the first worker that was lost."""
    lost = next(i for i, entry in enumerate(entries) if entry["event"]["type"] == "worker_lost")
    worker, lost_s = entries[lost]["event"]["worker"], entries[lost]["time_s"]
    last = [entry for entry in entries[:lost] if entry["event"]["type"] == "reported" and entry["event"]["worker"] == worker][-1]
    trial = last["event"]["trial"]
    again = next(command for entry in entries[lost:] for command in entry["effects"]["commands"]
                 if command["type"] == "run" and command["trial"] == trial)
    steps = again["report_after"] - (again["from"]["checkpoint"]["step"] if again["from"] else 0)
    went_on = next(entry for entry in entries[lost:] if entry["event"]["type"] == "reported" and entry["event"]["trial"] == trial)
    begun = next(entry for entry in entries[lost:] if again in entry["effects"]["commands"])
    return lost_s - last["time_s"], steps, went_on["time_s"] - begun["time_s"]


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    costs = []
    with tempfile.TemporaryDirectory(prefix="coppice-bench-") as folder:
        folder = pathlib.Path(folder)
        (folder / "train.py").write_text(TRAIN)
        (folder / "study.yaml").write_text(STUDY)
        for i in range(kills):
            costs.append(cost(run_and_kill(binary, folder, folder / f"results-{i}")))
            print("silence {:.1f} s · {} steps trained again · {:.2f} s from its order to its next new step".format(*costs[-1]), flush=True)
    silence, steps, seconds = (statistics.median(column) for column in zip(*costs))
    print(f"median of {kills}: silence {silence:.1f} s, {steps} steps ({steps * STEP_S:.2f} s) trained again, {seconds:.2f} s from the order")
    sys.exit(0 if all(steps * STEP_S <= 2 for _, steps, _ in costs) else 1)


if __name__ == "__main__":
    main()
