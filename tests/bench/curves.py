#!/usr/bin/env python3
"""Schedulers and samplers on recorded learning curves, beside what other tuners reach on them.

    tests/bench/curves.py build/release/bin/curves --benchmarks DIR [--methods bohb,asha-tpe] [--tasks digits_mlp] [--seeds 20]

DIR (or COPPICE_BENCHMARKS) holds `tasks/hpo_tasks.py`, whose list MF names the tasks, `tasks/recorder.py`, which charges and scores each run,
and `reference/mf_summary.csv`: for each task and tuner the median normalised regret after 1, 2, 5, 10, 15 and 25 full trainings, (best -
optimum) / (median of a random trial - optimum), where "best" is the noise-free value, fully trained, of the trial that looked best at the
largest number of steps yet. This prints the same of our methods (medians and quartiles over seeds), with the best peer's beside it. A trial
that is promoted is charged for its new steps, where the task can go on with a training. Needs numpy. Exits with 77, and says why, where DIR
or numpy isn't there."""

import argparse
import csv
import json
import os
import statistics
import subprocess
import time

import recorded_tasks

AFTER = (5, 10, 25)


def arguments():
    words = lambda text: text.split(",")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", help="the program curves")
    parser.add_argument("--benchmarks", default=os.environ.get("COPPICE_BENCHMARKS"), help="the folder of tasks")
    parser.add_argument("--methods", default="random,hyperband,bohb,asha,asha-tpe", type=words)
    parser.add_argument("--tasks", type=words, help="all of them")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="that train at a time")
    return parser.parse_args()


def run(process, task, recorder, method, seed, workers):
    """Plays one run, and returns its regret after each of AFTER."""
    unit = int(task.fidelity["min"])  # a step is the smallest budget
    steps = int(task.fidelity["max"]) // unit
    first = {"method": method, "seed": seed, "workers": workers, "steps": steps, "space": task.space}

    def exchange(line):
        process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    asked = exchange(first)
    while "trials" not in asked:
        if recorder.exhausted():
            asked = exchange({"spent": True})
            continue
        result = recorder.eval(asked["params"], asked["step"] * unit, asked["trial"])
        ok = result["status"] == "ok"
        asked = exchange({"value": result["loss"]} if ok else {"failed": "this configuration fails"})
    return [regret(task, recorder.at_budget(after)) for after in AFTER]


def regret(task, value):
    return float("inf") if value is None else (value - task.fstar) / (task.fref - task.fstar)


def read_reference(path):
    """By task and budget: the regret of each peer."""
    reference = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            for after in AFTER:
                reference.setdefault((row["task"], after), {})[row["peer"]] = float(row[f"nregret@{after}"])
    return reference


def quartiles(values):
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return f"{median:.4f} ({lower:.4f}..{upper:.4f})"


def main():
    options = arguments()
    folder, hpo_tasks = recorded_tasks.load(options.benchmarks)
    from recorder import Recorder

    reference = read_reference(folder / "reference" / "mf_summary.csv")
    budget = max(AFTER)
    reached = {}
    with subprocess.Popen([options.bench], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for name in options.tasks or hpo_tasks.MF:
            task = hpo_tasks.get(name)
            print(f"\n{name}: median normalised regret (quartiles) after so many full trainings, {options.seeds} seeds")
            print(f"{'':16}" + "".join(f"{after:>28}" for after in AFTER) + "   s/run")
            for method in options.methods:
                began = time.monotonic()
                runs = [run(process, task, Recorder(task, seed, max_budget=budget), method, seed, options.workers)
                        for seed in range(options.first_seed, options.first_seed + options.seeds)]
                columns = list(zip(*runs))
                for after, column in zip(AFTER, columns):
                    reached[name, method, after] = statistics.median(column)
                print(f"{method:16}" + "".join(f"{quartiles(list(column)):>28}" for column in columns)
                      + f"{(time.monotonic() - began) / options.seeds:8.1f}", flush=True)
            best = []
            for after in AFTER:
                peers = reference.get((name, after), {})
                peer = min(peers, key=peers.get, default=None)
                best.append(f"{peers[peer]:.4f} {peer}" if peer else "-")
            print(f"{'best peer':16}" + "".join(f"{text:>28}" for text in best))
        process.stdin.close()
    tasks = options.tasks or hpo_tasks.MF
    for method in options.methods:
        for after in AFTER:
            shared = [name for name in tasks if (name, after) in reference]
            won = sum(reached[name, method, after] <= min(reference[name, after].values()) for name in shared)
            print(f"{method}: at least as good as the best peer after {after} on {won} of {len(shared)} tasks")


if __name__ == "__main__":
    main()
