#!/usr/bin/env python3
"""coppice's samplers beside Optuna's and dlib's, on the same problems in the same run.

  tests/bench/samplers/beside.py regret [build/ci/bin] [--problems network12,hartmann6] [--workers 1] [--seeds 30] [--after 50,100,200]
  tests/bench/samplers/beside.py cost   [build/ci/bin] [--trials 100,1000,10000]

`regret` prints quartiles of the regret, and of each sampler the geometric mean over problems of its medians, divided by that of Optuna's
multivariate TPE. With workers, trials take lognormal(0, 1/2) times, as in samplers_bench. `cost` prints the time on a processor for a
proposal in 20 parameters, and how many times as long as coppice's the others take.

Optuna is Debian's python3-optuna, 3.1: `tpe-mv` is TPE with multivariate, group (for conditions) and, with workers, constant_liar; `tpe` its
default; `cmaes` and `random`. dlib, find_max_global, takes numbers alone and one worker: build the target samplers_bench_dlib. What is not
installed is left out, and said."""

import argparse
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import time
import warnings

try:
    import optuna
    optuna.logging.set_verbosity(optuna.logging.ERROR)
except ImportError:
    optuna = None

COPPICE = ["random", "sobol", "tpe", "cmaes", "gp"]
OPTUNA = ["tpe-mv", "tpe", "cmaes", "random"]
BASE = "optuna tpe-mv"
DLIB_TRIALS = 100  # it has to make them one by one, each in a time that grows with those before


class Problem:
    """A problem of samplers_bench, evaluated by it."""

    def __init__(self, bench, name):
        self.process = subprocess.Popen([bench, "evaluate", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        described = json.loads(self.process.stdout.readline())
        self.parameters, self.optimum = described["parameters"], described["optimum"]

    def regret(self, values):
        self.process.stdin.write(json.dumps(values) + "\n")
        return float(self.process.stdout.readline()) - self.optimum

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def suggest(trial, parameters):
    values = {}
    for p in parameters:
        if any(values.get(parent) not in allowed for parent, allowed in p.get("when", {}).items()):
            continue
        if p["type"] == "categorical":
            values[p["name"]] = trial.suggest_categorical(p["name"], p["choices"])
        elif p["type"] == "int":
            values[p["name"]] = trial.suggest_int(p["name"], int(p["low"]), int(p["high"]), step=int(p.get("step", 1)), log=p["log"])
        else:
            values[p["name"]] = trial.suggest_float(p["name"], p["low"], p["high"], step=p.get("step"), log=p["log"])
    return values


def optuna_sampler(name, seed, workers=1):
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if name == "cmaes":
        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    several = workers > 1
    return optuna.samplers.TPESampler(seed=seed, multivariate=name == "tpe-mv", group=name == "tpe-mv", constant_liar=several)


def optuna_run(problem, name, evaluations, workers, seed):
    """The least regret after each evaluation, in the order in which they end."""
    study = optuna.create_study(sampler=optuna_sampler(name, seed, workers))
    durations = random.Random(seed)
    running, best, now, asked = [], [], 0.0, 0
    while len(best) < evaluations:
        while len(running) < workers and asked < evaluations:
            trial = study.ask()
            running.append((now + durations.lognormvariate(0, 0.5), asked, trial, problem.regret(suggest(trial, problem.parameters))))
            asked += 1
        ended = min(running, key=lambda r: r[:2])
        running.remove(ended)
        now, _, trial, regret = ended
        study.tell(trial, regret)
        best.append(min(regret, best[-1] if best else math.inf))
    return best


def quartiles(values):
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def rows_of(command):
    """(problem, sampler, after) -> quartiles, from a table of samplers_bench."""
    rows = {}
    for line in subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines():
        words = line.split()
        if len(words) == 7 and words[2].isdigit():
            rows[words[0], words[1], int(words[2])] = [float(w) for w in words[4:]]
    return rows


def dlib_of(options):
    bench = options.folder / "samplers_bench_dlib"
    if bench.exists():
        return bench
    print(f"dlib: left out, {bench} is not built (it needs libdlib-dev)", file=sys.stderr)
    return None


def regret(options):
    bench = options.folder / "samplers_bench"
    after = [int(n) for n in options.after.split(",")]
    table = {}
    for problem_name in options.problems.split(","):
        common = ["--problems", problem_name, "--seeds", str(options.seeds), "--after", options.after]
        rows = rows_of([bench, "regret", "--samplers", options.coppice, "--workers", str(options.workers), *common])
        for (_, sampler, n), values in rows.items():
            table[problem_name, "coppice " + sampler, n] = values
        if optuna:
            problem = Problem(bench, problem_name)
            for name in options.optuna.split(","):
                runs = [optuna_run(problem, name, max(after), options.workers, seed) for seed in range(options.seeds)]
                for n in after:
                    table[problem_name, "optuna " + name, n] = quartiles([run[n - 1] for run in runs])
            problem.close()
        dlib = options.workers == 1 and dlib_of(options)
        if dlib:
            for (_, sampler, n), values in rows_of([dlib, "regret", *common]).items():
                table[problem_name, sampler, n] = values
        for (name, sampler, n), (low, median, high) in table.items():
            if name == problem_name:
                print(f"{name:<14} {sampler:<16} {n:6d} {options.workers:4d}  {low:10.3g} {median:10.3g} {high:10.3g}", flush=True)
    print(f"\ngeometric mean of medians over that of {BASE} ({options.seeds} seeds)")
    for sampler in dict.fromkeys(key[1] for key in table):
        logs = [math.log(max(row[1], 1e-12) / max(table[name, BASE, n][1], 1e-12))
                for (name, s, n), row in table.items() if s == sampler and (name, BASE, n) in table]
        if logs:
            print(f"{sampler:<16} {math.exp(statistics.mean(logs)):8.3f}   ({len(logs)} cells, the worst {math.exp(max(logs)):.3g})")


def optuna_cost_ms(name, trials):
    """Median time of a few proposals after `trials` random ones, in the space of samplers_bench's cost."""
    distributions = optuna.distributions
    space = {f"p{i}": distributions.FloatDistribution(1, 60, log=i % 2 == 0) for i in range(10)}
    space.update({f"p{i}": distributions.IntDistribution(1, 60, log=i % 2 == 0) for i in range(10, 15)})
    space.update({f"p{i}": distributions.CategoricalDistribution("abcd") for i in range(15, 20)})
    study = optuna.create_study(sampler=optuna_sampler(name, 1))
    draw = random.Random(1)

    def value(d):
        if isinstance(d, distributions.CategoricalDistribution):
            return draw.choice(d.choices)
        return draw.randint(1, 60) if isinstance(d, distributions.IntDistribution) else draw.uniform(1, 60)

    study.add_trials([optuna.trial.create_trial(params={k: value(d) for k, d in space.items()}, distributions=space, value=draw.gauss(0, 1))
                      for _ in range(trials)])
    times = []
    for _ in range(3 if trials >= 10000 else 7):
        began = time.process_time()
        trial = study.ask(space)
        times.append(time.process_time() - began)
        study.tell(trial, draw.gauss(0, 1))
    return 1e3 * statistics.median(times)


def cost(options):
    sizes = options.trials.split(",")
    out = subprocess.run([options.folder / "samplers_bench", "cost", "--samplers", options.coppice, "--trials", options.trials], check=True,
                         text=True, stdout=subprocess.PIPE).stdout
    print(out, flush=True)
    ours = {tuple(line.split()[:2]): float(line.split()[2]) for line in out.splitlines()[1:]}
    print(f"{'':<16} {'trials':>8}  {'ask, ms':>10}  times coppice's of that name (tpe for dlib)")
    for name in options.optuna.split(",") if optuna else []:
        for size in sizes:
            ms = optuna_cost_ms(name, int(size))
            peer = ours.get((name.removesuffix("-mv"), size))
            print(f"{'optuna ' + name:<16} {size:>8}  {ms:10.2f}  {1e3 * ms / peer if peer else math.nan:10.0f}", flush=True)
    dlib = dlib_of(options)
    for size in sizes if dlib else []:
        if int(size) > DLIB_TRIALS:
            print(f"dlib: {size} trials left out, its model takes too long", file=sys.stderr)
            continue
        words = subprocess.run([dlib, "cost", "--trials", size], check=True, text=True, stdout=subprocess.PIPE).stdout.split()
        peer = ours.get(("tpe", size))
        print(f"{'dlib':<16} {size:>8}  {float(words[2]) / 1e3:10.2f}  {float(words[2]) / peer if peer else math.nan:10.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["regret", "cost"])
    parser.add_argument("folder", nargs="?", default="build/ci/bin", type=pathlib.Path)
    parser.add_argument("--problems", default="network12")
    parser.add_argument("--coppice", default=",".join(COPPICE), help="samplers")
    parser.add_argument("--optuna", default=",".join(OPTUNA), help="its samplers")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--after", default="50,100,200", help="evaluations")
    parser.add_argument("--trials", default="100,1000,10000", help="results that the sampler knows")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if optuna:
        print(f"optuna {optuna.__version__}")
    else:
        print("optuna: left out, it is not installed (Debian: python3-optuna)", file=sys.stderr)
    regret(options) if options.what == "regret" else cost(options)


if __name__ == "__main__":
    main()
