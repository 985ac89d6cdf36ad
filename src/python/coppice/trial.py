"""What user code sees: Trainable, Trial, Pruned."""

import math


class Pruned(BaseException):
    """Raised by `trial.report` in a function whose trial won't go on here, so that it unwinds.

    Not an Exception, for the reason that GeneratorExit isn't one: `except Exception` around a training loop must not keep
    an abandoned trial alive. A function may raise it too: its trial ends early.
    """


class Trial:
    """Which trial is trained. A function also reports through it."""

    def __init__(self, id, seed, repeat, device, reporter=None):
        self.id = id
        self.seed = seed  # the same for every segment of a trial, different between trials
        self.repeat = repeat
        self.device = device  # what CUDA_VISIBLE_DEVICES holds; empty on a CPU
        self._reporter = reporter

    def report(self, value, step=None):
        """Report metrics (a dict), or the objective (a number), at `step`: 1, 2, … (by default the next one).

        The call may not return for a long time: a trial that is paused waits in it. If the trial is given up, it raises
        Pruned.
        """
        self._need_reporter("report").report(value, step)

    def should_prune(self):
        """Whether the trial was asked to stop."""
        return self._need_reporter("should_prune").should_prune()

    def _need_reporter(self, name):
        if self._reporter is None:
            raise RuntimeError(
                f"trial.{name} is for functions; a Trainable returns its metrics from step()"
            )
        return self._reporter

    def __repr__(self):
        return f"Trial(id={self.id}, seed={self.seed}, repeat={self.repeat}, device={self.device!r})"


class Trainable:
    """What is trained step by step. Subclasses define setup and step; save and load both, or neither.

    The law: going on equals saving, loading in a new object that was set up alike, and going on. `self.trial` is there
    before setup. A true `done` among the metrics ends the trial (and isn't recorded).

    reset(params) is optional: take new hyperparameters in place, be as setup would have left a new object, and return
    True; else (False, or no such method) a new object is set up, after this one has been freed.
    """

    trial = None

    def setup(self, params):
        """Once for each trial on this host; params is a dict."""
        raise NotImplementedError(f"{type(self).__name__} doesn't define setup(self, params)")

    def step(self):
        """Train one step, return metrics: a dict of numbers, or the objective as a number."""
        raise NotImplementedError(f"{type(self).__name__} doesn't define step(self)")

    def save(self):
        """The whole state, as bytes or any buffer."""
        raise NotImplementedError(f"{type(self).__name__} doesn't define save(self)")

    def load(self, blob):
        """Take over a state that save returned, perhaps of a trial with other hyperparameters."""
        raise NotImplementedError(f"{type(self).__name__} doesn't define load(self, blob)")


def as_number(name, value):
    """A metric as a float: whatever has a float in it (NumPy and Torch scalars too), but no text."""
    if not isinstance(value, (str, bytes, bytearray)):
        if hasattr(value, "__float__") or hasattr(value, "__index__"):
            try:
                return float(value)
            except (TypeError, ValueError, OverflowError):
                pass
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    raise TypeError(f"metric {name!r} is not a number: {shown}")


def as_metrics(value, objective):
    """Metrics as a dict of floats; a plain number gets the objective's name."""
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str) or not name:
                raise TypeError(f"the name of a metric must be text, not {name!r}")
        return {name: as_number(name, number) for name, number in value.items()}
    if value is None:
        raise TypeError("None was returned or reported where metrics are expected: a dict of numbers, or a number")
    return {objective or "value": as_number(objective or "value", value)}


def encodable(metrics):
    """Metrics for JSON, which has no NaN and no infinity."""
    return {name: x if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
            for name, x in metrics.items()}
