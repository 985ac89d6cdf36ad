#!/usr/bin/env python3
"""Samplers on recorded tuning tasks, beside what other optimisers reach on them.

    tests/bench/tasks.py build/release/bin/samplers_bench --benchmarks DIR [--samplers gp,tpe] [--tasks rpart_14] [--seeds 10]

DIR (or COPPICE_BENCHMARKS) holds `tasks/hpo_tasks.py`, whose list SO names the tasks, and `reference/so_nregret_at25.csv` and so on: for each
task and optimiser the median normalised regret after that many evaluations, (best - optimum) / (median of a random trial - optimum), where
"best" is the noise-free value of the trial that looked best. This prints the same of our samplers, one trial at a time, beside these columns:
then each one's mean over the tasks that a column has, than how many columns it is lower, and how many failing and repeated trials there were. Needs numpy. Exits with 77, and
says why, where DIR or numpy isn't there."""

import argparse
import csv
import json
import os
import statistics
import subprocess
import time

import recorded_tasks

AFTER = (25, 50, 100, 200)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", help="the program samplers_bench")
    parser.add_argument("--benchmarks", default=os.environ.get("COPPICE_BENCHMARKS"), help="the folder of tasks")
    parser.add_argument("--samplers", default="random,sobol,tpe,cmaes,gp,auto", type=lambda text: text.split(","))
    parser.add_argument("--tasks", type=lambda text: text.split(","), help="all of them")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--evaluations", type=int, default=max(AFTER), help="after so many it ends")
    return parser.parse_args()


class Best:
    """The trial that looked best: its noise-free value, as a normalised regret after each evaluation."""

    def __init__(self, task):
        self.task, self.loss, self.true, self.curve = task, None, None, []
        self.failed = self.repeated = 0
        self.seen = set()

    def add(self, params, result):
        key = json.dumps(params, sort_keys=True)
        self.repeated += key in self.seen
        self.seen.add(key)
        loss = result["loss"] if result["status"] == "ok" else None
        self.failed += loss is None
        if loss is not None and (self.loss is None or loss < self.loss):
            self.loss, self.true = loss, result["true_loss"]
        self.curve.append(self.regret())

    def regret(self):
        if self.true is None:
            return None
        return (self.true - self.task.fstar) / (self.task.fref - self.task.fstar)

    def after(self, evaluations):
        """An exhausted space ends early: then the last one counts."""
        value = self.curve[min(evaluations, len(self.curve)) - 1]
        return float("inf") if value is None else value


def optimise(process, task, sampler, seed, evaluations):
    best = Best(task)

    def exchange(line):
        process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    answer = exchange({"sampler": sampler, "seed": seed, "trials": evaluations, "space": task.space})
    for number in range(evaluations):
        if "exhausted" in answer:
            break
        result = task.eval(answer["params"], None, (seed, number))
        best.add(answer["params"], result)
        if number + 1 < evaluations:
            answer = exchange({"score": result["loss"] if result["status"] == "ok" else None})
    return best


def read_reference(folder):
    reference = {}
    for after in AFTER:
        with open(folder / f"so_nregret_at{after}.csv", newline="") as file:
            for row in csv.DictReader(file):
                task = row.pop("task")
                reference[after, task] = {name: float(value) for name, value in row.items() if value not in ("", "nan")}
    return reference


def print_tables(medians, reference, samplers, tasks, seeds, counts):
    for after in counts:
        print(f"\nmedian normalised regret after {after} evaluations, {seeds} seeds; peers: the best, and the table's columns")
        print(f"{'task':26}" + "".join(f"{name:>9}" for name in samplers) + f"{'best peer':>11}  which")
        for task in tasks:
            peers = reference.get((after, task), {})
            name = min(peers, key=peers.get, default="")
            row = "".join(f"{medians[sampler, task, after]:9.4f}" for sampler in samplers)
            print(f"{task:26}{row}" + (f"{peers[name]:11.4f}  {name}" if peers else ""))
        columns = sorted({name for task in tasks for name in reference.get((after, task), {})})
        print(f"{'mean over the tasks of':26}")
        lower = dict.fromkeys(samplers, 0)
        for name in columns:
            shared = [task for task in tasks if name in reference.get((after, task), {})]
            ours = {sampler: statistics.mean(medians[sampler, task, after] for task in shared) for sampler in samplers}
            row = "".join(f"{mean:9.4f}" for mean in ours.values())
            peer = statistics.mean(reference[after, task][name] for task in shared)
            lower = {sampler: count + (ours[sampler] < peer) for sampler, count in lower.items()}
            print(f"  {name + f' ({len(shared)})':24}{row}{peer:11.4f}")
        print(f"{f'lower than, of {len(columns)}':26}" + "".join(f"{count:9d}" for count in lower.values()))


def main():
    options = arguments()
    folder, hpo_tasks = recorded_tasks.load(options.benchmarks)

    tasks = options.tasks or hpo_tasks.SO
    counts = [n for n in AFTER if n <= options.evaluations]
    medians = {}
    print(f"{'task':26}{'sampler':>9}" + "".join(f"{'at ' + str(n):>9}" for n in counts) + f"{'failed':>9}{'again':>8}{'s/run':>8}")
    with subprocess.Popen([options.bench, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for name in tasks:
            task = hpo_tasks.get(name)
            for sampler in options.samplers:
                began = time.monotonic()
                seeds = range(options.first_seed, options.first_seed + options.seeds)
                runs = [optimise(process, task, sampler, seed, options.evaluations) for seed in seeds]
                for after in counts:
                    medians[sampler, name, after] = statistics.median(run.after(after) for run in runs)
                row = "".join(f"{medians[sampler, name, after]:9.4f}" for after in counts)
                trials = sum(len(run.curve) for run in runs)
                print(f"{name:26}{sampler:>9}{row}{sum(run.failed for run in runs) / trials:9.2f}{sum(run.repeated for run in runs) / trials:8.2f}"
                      f"{(time.monotonic() - began) / len(runs):8.1f}", flush=True)
        process.stdin.close()
    print_tables(medians, read_reference(folder / "reference"), options.samplers, tasks, options.seeds, counts)


if __name__ == "__main__":
    main()
