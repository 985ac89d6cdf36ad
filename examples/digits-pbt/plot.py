#!/usr/bin/env python3
"""Draws a study of population-based training: every trial's objective, and the best chain's schedule of hyperparameters.

    python3 plot.py [results/digits-pbt/study.h5] [digits-pbt.png]
"""

import sys

try:
    import h5py
    import matplotlib
except ImportError as error:
    sys.exit(f"plot.py: {error.name} is missing; on Debian: apt install python3-h5py python3-matplotlib")

matplotlib.use("Agg")  # a login node has no display

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

GREY, RED, INK, FAINT = "#8da3b5", "#d1492e", "#2b3a45", "#e4e9ed"
RING = {"marker": "o", "markerfacecolor": "white", "markeredgewidth": 1.5, "markersize": 5}
SHOWN = ["learning_rate", "momentum"]


class Study:
    """The tables of study.h5 that the picture needs, as plain lists and dicts."""

    def __init__(self, path):
        with h5py.File(path) as file:
            self.name, self.metric = file.attrs["name"], file.attrs["objective"]
            self.sign = 1 if file.attrs["direction"] == "minimize" else -1
            self.trials = {int(row["trial"]): row for row in file["trials"][:]}
            reports = file["reports"][:]
            incumbent = file["incumbent"][:]
        missing = [name for name in SHOWN if self.trials and name not in next(iter(self.trials.values())).dtype.names]
        if missing:
            sys.exit(f"plot.py: {path} has no hyperparameter {missing[0]}; name your own in SHOWN")
        if len(incumbent) == 0:
            sys.exit(f"plot.py: no trial of {path} has reported {self.metric} yet")
        self.best = incumbent[-1]
        self.curves = {}
        for row in sorted(reports, key=lambda row: row["step"]):
            self.curves.setdefault(int(row["trial"]), []).append((int(row["step"]), float(row[self.metric])))

    def origin(self, trial):
        """The donor's id and step, or None for a trial from scratch."""
        donor = int(self.trials[trial]["origin_trial"])
        return (donor, int(self.trials[trial]["origin_step"])) if donor >= 0 else None

    def branch(self, trial):
        """The trial's curve, beginning at the point of its donor's that it was cloned from."""
        curve = self.curves.get(trial, [])
        origin = self.origin(trial)
        if origin is None:
            return curve
        return [(step, value) for step, value in self.curves.get(origin[0], []) if step == origin[1]] + curve

    def best_chain(self):
        """(trial, from_step, to_step), oldest first: how the best state came about."""
        trial, to_step, chain = int(self.best["trial"]), int(self.best["step"]), []
        while True:
            origin = self.origin(trial)
            from_step = origin[1] if origin else 0
            if to_step > from_step:  # else it was cloned before it had trained a step
                chain.insert(0, (trial, from_step, to_step))
            if origin is None:
                return chain
            trial, to_step = origin


def style(axis):
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.grid(color=FAINT, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(colors=INK, which="both", labelsize=9.5)
    axis.tick_params(which="minor", color=GREY)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def log_scale(axis, labelled=(1, 2, 5)):
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=labelled))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def draw_population(axis, study, chain):
    style(axis)
    log_scale(axis)
    for trial, row in study.trials.items():
        branch = study.branch(trial)
        if not branch:
            continue
        axis.plot(*zip(*branch), color=GREY, linewidth=0.9, alpha=0.75)
        if row["state"] == b"stopped":
            axis.plot(*branch[-1], "x", color=GREY, markersize=4)

    steps, values = [], []
    for trial, from_step, to_step in chain:
        part = [point for point in study.curves[trial] if from_step < point[0] <= to_step]
        steps += [step for step, _ in part]
        values += [value for _, value in part]
    axis.plot(steps, values, color=RED, linewidth=2.2)
    clones = {from_step for _, from_step, _ in chain}
    for step, value in zip(steps, values):
        if step in clones:
            axis.plot(step, value, color=RED, **RING)
    axis.plot(study.best["step"], study.best["value"], "o", color=RED, markersize=8)
    axis.annotate(
        f"best {study.best['value']:.4f}\nat step {study.best['step']}",
        (study.best["step"], study.best["value"]),
        xytext=(0, -12), textcoords="offset points", color=RED, ha="center", va="top", fontsize=10,
    )
    lowest, highest = axis.get_ylim()
    axis.set_ylim(lowest / (highest / lowest) ** 0.10, highest)  # room for the annotation

    axis.plot([], [], color=RED, linewidth=2.2, label=f"best of {len(study.trials)} trials, a ring for each clone", **RING)
    axis.plot([], [], color=GREY, linewidth=0.9, label="others")
    axis.plot([], [], "x", color=GREY, markersize=5, label="stopped")
    axis.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=3, frameon=False, fontsize=9.5, labelcolor=INK,
        handlelength=1.6, columnspacing=1.4, borderpad=0,
    )
    axis.set_xlabel("step (passes over the training set)", color=INK)
    axis.set_ylabel("validation loss (cross-entropy)", color=INK)


def draw_schedule(axis, study, chain, name):
    style(axis)
    for trial, row in study.trials.items():
        begin = study.origin(trial)[1] if study.origin(trial) else 0
        axis.hlines(float(row[name]), begin, row["steps"], color=GREY, linewidth=0.9, alpha=0.75, zorder=1)
    edges, values = [chain[0][1]], []
    for trial, _, to_step in chain:
        edges.append(to_step)
        values.append(float(study.trials[trial][name]))
    axis.stairs(values, edges, baseline=None, color=RED, linewidth=2.2, zorder=3)
    if name == "learning_rate":
        log_scale(axis, labelled=(1,))
    axis.set_title(name.replace("_", " "), loc="left", fontsize=10.5, color=INK)


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "results/digits-pbt/study.h5"
    target = sys.argv[2] if len(sys.argv) > 2 else "digits-pbt.png"
    try:
        study = Study(source)
    except OSError:
        sys.exit(f"plot.py: {source} is not there, or no HDF5 file; run the study first, or name its study.h5")
    chain = study.best_chain()

    figure = plt.figure(figsize=(10, 5), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.75, 1])
    left = figure.add_subplot(grid[:, 0])
    draw_population(left, study, chain)
    upper = figure.add_subplot(grid[0, 1])
    lower = figure.add_subplot(grid[1, 1], sharex=upper)
    for axis, name in zip((upper, lower), SHOWN):
        draw_schedule(axis, study, chain, name)
    upper.set_xlim(left.get_xlim())
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("step", color=INK)
    figure.savefig(target, dpi=140)
    print(target)


if __name__ == "__main__":
    main()
