#!/usr/bin/env python3
"""Population-based training against random search on the digits: the same network, data, steps and number of networks, seed by seed.

    tests/bench/digits.py build/release/bin/coppice [--seeds 40] [--study examples/digits-pbt/study.yaml]

Both select by the best val_loss that any of their networks ever reported; test_accuracy is that of the same report. Prints medians and
quartiles, in how many seeds PBT is better, and exits 1 if a gate is missed: better in 60 % of the seeds, and its median at most 0.9 of
random's."""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(binary, text, seed, workers, folder):
    folder.mkdir()
    study = folder / "study.yaml"
    study.write_text(text)
    subprocess.run([binary, "run", study, "-o", folder / "results", "--seed", str(seed), "--quiet", "--workers", str(workers)], check=True,
                   stdout=subprocess.DEVNULL, timeout=600)
    with h5py.File(folder / "results" / "study.h5") as file:
        reports = file["reports"][:]
    best = np.nanargmin(reports["val_loss"])
    return reports["val_loss"][best], reports["test_accuracy"][best], len(reports)


def quartiles(values):
    return "{1:.4f} [{0:.4f}, {2:.4f}]".format(*np.percentile(values, [25, 50, 75]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--study", default=ROOT / "examples/digits-pbt/study.yaml", type=pathlib.Path)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()

    pbt = options.study.read_text()
    population = int(re.search(r"population: *(\d+)", pbt)[1])
    steps = int(re.search(r"steps_per_trial: *(\d+)", pbt)[1])
    fifo = re.sub(r"(?m)^scheduler:.*$", "scheduler: fifo\nsampler: random", pbt)
    fifo = re.sub(r"(?m)^budget:.*$", f"budget: {{trials: {population}, steps_per_trial: {steps}}}", fifo)

    with tempfile.TemporaryDirectory(prefix="coppice-bench-") as folder, concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
        def both(seed):
            place = pathlib.Path(folder)
            binary = str(pathlib.Path(options.binary).resolve())
            return run(binary, pbt, seed, 1, place / f"pbt-{seed}"), run(binary, fifo, seed, 1, place / f"random-{seed}")
        results = list(pool.map(both, range(options.first_seed, options.first_seed + options.seeds)))

    pbt_loss, pbt_accuracy, pbt_steps = (np.array(column) for column in zip(*[pair[0] for pair in results]))
    random_loss, random_accuracy, random_steps = (np.array(column) for column in zip(*[pair[1] for pair in results]))
    wins = int((pbt_loss < random_loss).sum())
    ratio = np.median(pbt_loss) / np.median(random_loss)
    print(f"digits, {population} networks of {steps} steps, seeds {options.first_seed} to {options.first_seed + options.seeds - 1}; median [quartiles]")
    print(f"            val_loss                    test_accuracy               steps trained")
    print(f"  pbt       {quartiles(pbt_loss)}    {quartiles(pbt_accuracy)}    {np.mean(pbt_steps):.0f}")
    print(f"  random    {quartiles(random_loss)}    {quartiles(random_accuracy)}    {np.mean(random_steps):.0f}")
    print(f"  pbt is better in {wins} of {options.seeds} seeds; median val_loss {ratio:.3f} of random's")
    sys.exit(0 if wins >= 0.6 * options.seeds and ratio <= 0.9 else 1)


if __name__ == "__main__":
    main()
