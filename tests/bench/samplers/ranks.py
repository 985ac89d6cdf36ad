#!/usr/bin/env python3
"""Mean ranks of samplers over problems of many kinds: numbers, ints, choices, conditions, noise, failures, 2 to 20 parameters; and over
recorded tuning tasks.

    tests/bench/samplers/ranks.py build/ci/bin/samplers_bench [--seeds 10] [--after 50,100] [--tasks rpart_14,xgb_12] [--runs FILE]

On each problem samplers are ranked by the median of their regrets over the seeds; equal ones share the mean of their ranks. The regret is that of the
trial with the best score, in truth where scores have an error. Beside the mean over the problems: an interval that has 90 % of the mean ranks when seeds are
drawn anew from those that ran (bootstrap, the same draws for all samplers of a problem), and in which share of these draws the mean rank is below each
other sampler's.

`--tasks all` or some names: recorded tasks too (see ../tasks.py), from --benchmarks or COPPICE_BENCHMARKS. `--runs FILE` keeps every run; those that are there are not
made again: so a long measurement can be stopped, or made for more seeds. A file belongs to one state of the samplers."""

import argparse
import collections
import os
import pathlib
import random
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import recorded_tasks  # noqa: E402
import tasks as recorded  # noqa: E402

SAMPLERS = ["random", "sobol", "tpe", "cmaes", "gp", "auto"]
PROBLEMS = ["branin", "hartmann6", "rosenbrock5", "rastrigin4", "levy6", "styblinski5", "michalewicz5", "sphere8", "ackley10", "levy20", "network12",
            "integers6", "choices8", "branin_noisy", "hartmann6_noisy", "network12_noisy", "kernel8", "models10"]
DRAWS = 1000


def words(text):
    return text.split(",")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", help="the program samplers_bench")
    parser.add_argument("--samplers", default=SAMPLERS, type=words)
    parser.add_argument("--problems", default=PROBLEMS, type=words)
    parser.add_argument("--tasks", default=[], type=words)
    parser.add_argument("--benchmarks", default=os.environ.get("COPPICE_BENCHMARKS"), help="the folder of tasks")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--after", default=[50, 100], type=lambda text: [int(n) for n in text.split(",")], help="evaluations")
    parser.add_argument("--runs", type=pathlib.Path)
    return parser.parse_args()


class Runs:
    """(problem, sampler, seed, evaluations) -> regret; in a file, if one was named."""

    def __init__(self, path):
        self.path, self.regrets = path, {}
        if path and path.exists():
            self.take(path.read_text())

    def take(self, text):
        for line in text.splitlines():
            problem, sampler, seed, after, regret = line.split()
            self.regrets[problem, sampler, int(seed), int(after)] = float(regret)

    def add(self, text):
        self.take(text)
        if self.path:
            with open(self.path, "a") as file:
                file.write(text)

    def missing(self, problem, sampler, seeds, after):
        return [seed for seed in range(seeds) if any((problem, sampler, seed, n) not in self.regrets for n in after)]


def run_problems(options, runs):
    for problem in options.problems:
        for sampler in options.samplers:
            for seed in runs.missing(problem, sampler, options.seeds, options.after):
                command = [options.bench, "regret", "--each", "--problems", problem, "--samplers", sampler, "--first-seed", str(seed), "--seeds", "1",
                           "--after", ",".join(map(str, options.after))]
                runs.add(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout)


def run_tasks(options, runs):
    _, hpo_tasks = recorded_tasks.load(options.benchmarks)
    names = hpo_tasks.SO if options.tasks == ["all"] else options.tasks
    with subprocess.Popen([options.bench, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for name in names:
            task = hpo_tasks.get(name)
            for sampler in options.samplers:
                for seed in runs.missing(name, sampler, options.seeds, options.after):
                    best = recorded.optimise(process, task, sampler, seed, max(options.after))
                    runs.add("".join(f"{name} {sampler} {seed} {n} {best.after(n)!r}\n" for n in options.after))
        process.stdin.close()
    return names


def ranks(values):
    """Of the least value 1; equal ones share the mean of their ranks."""
    return [sum(v < value for v in values) + (values.count(value) + 1) / 2 for value in values]


def mean_ranks(runs, problems, samplers, after, seeds_of):
    table = []
    for problem in problems:
        seeds = seeds_of(problem)
        table.append(ranks([statistics.median(runs.regrets[problem, sampler, seed, after] for seed in seeds) for sampler in samplers]))
    return [statistics.fmean(column) for column in zip(*table)], table


def print_ranks(options, runs, problems, after):
    samplers, every = options.samplers, range(options.seeds)
    means, table = mean_ranks(runs, problems, samplers, after, lambda _: every)
    print(f"\nafter {after} evaluations, {options.seeds} seeds: rank of the median regret, and that regret")
    print(f"{'':26}" + "".join(f"{name:>18}" for name in samplers))
    for problem, row in zip(problems, table):
        medians = [statistics.median(runs.regrets[problem, sampler, seed, after] for seed in every) for sampler in samplers]
        print(f"{problem:26}" + "".join(f"{rank:7.1f} {median:10.3g}" for rank, median in zip(row, medians)))
    print(f"{f'mean rank of {len(problems)}':26}" + "".join(f"{mean:7.2f}{'':11}" for mean in means))
    drawn = collections.defaultdict(list)
    draw = random.Random(0)
    for _ in range(DRAWS):
        again, _ = mean_ranks(runs, problems, samplers, after, lambda _: draw.choices(every, k=options.seeds))
        for sampler, mean in zip(samplers, again):
            drawn[sampler].append(mean)
    bounds = {sampler: (sorted(means)[DRAWS // 20], sorted(means)[-1 - DRAWS // 20]) for sampler, means in drawn.items()}
    print(f"{'90 % of draws':26}" + "".join(f"{f'{low:.2f} to {high:.2f}':>15}   " for low, high in bounds.values()))
    if "auto" in samplers:
        below = [sum(a < b for a, b in zip(drawn["auto"], drawn[sampler])) / DRAWS for sampler in samplers]
        print(f"{'auto is below it in':26}" + "".join("" if name == "auto" else f"{share:7.0%}{'':11}" for name, share in zip(samplers, below)))


def main():
    options = arguments()
    runs = Runs(options.runs)
    run_problems(options, runs)
    problems = options.problems + (list(run_tasks(options, runs)) if options.tasks else [])
    for after in options.after:
        print_ranks(options, runs, problems, after)


if __name__ == "__main__":
    main()
