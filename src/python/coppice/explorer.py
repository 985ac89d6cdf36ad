"""serve_explorer(): answers what the hyperparameters of a clone are to be, question after question."""

import math
import operator
import random
import sys
import traceback
from typing import NamedTuple

from .serving import connect, describe, is_child, takes_both


class Standing(NamedTuple):
    """A trial that has a finite value at the step at which the clone begins."""

    trial: int
    params: dict
    value: float  # the objective, as it was reported


class Exploration:
    """What an explorer is told beside the hyperparameters to explore from.

    trial          the clone
    seed, random   a number below 2^31, another one for each clone, and a random.Random of it
    origin, step   the trial whose state the clone begins with, and the state of which step
    origin_params  the hyperparameters of that trial: those that are `fixed` in the space stay as they are there
    perturbed      what perturb would answer
    standings      the trials at that step, the best first (at most 100), as (trial, params, value)
    minimize       which values are the better ones

    An answer that depends on these and on nothing else is the same after a resume.
    """

    def __init__(self, question):
        self.trial = question["trial"]
        self.seed = question["seed"]
        self.random = random.Random(self.seed)
        self.origin = question["origin"]
        self.step = question["step"]
        self.origin_params = question["origin_params"]
        self.perturbed = question["perturbed"]
        self.standings = [Standing(s["trial"], s["params"], s["value"]) for s in question["standings"]]
        self.minimize = question["minimize"]

    def __repr__(self):
        return f"Exploration(trial={self.trial}, origin={self.origin}, step={self.step})"


def serve_explorer(explore):
    """Serve a function of (base) or (base, info) that returns a dict of hyperparameters; those that it leaves out keep the
    values of the base. `info` is an Exploration. Returns when coppice says exit."""
    if is_child():
        return
    if not callable(explore):
        raise TypeError(f"coppice.serve_explorer takes a function, not {type(explore).__name__}")
    takes_info = takes_both("coppice.serve_explorer", explore, "base", "info")
    connection = connect("explore.py", "an explorer of coppice: name it in a study file, "
                                       "scheduler: {{name: pbt, explore: {{command: [python3, {}]}}}}")
    connection.hello("explorer")
    while True:
        question = connection.next_question()
        if question is None:
            return
        try:
            base = question["base"]
            answer = explore(base, Exploration(question)) if takes_info else explore(base)
            connection.answer(question["question"], _as_params(answer))
        except Exception as error:
            traceback.print_exc()
            sys.stderr.flush()
            connection.no_answer(question["question"], describe(error))


def _as_params(answer):
    if not isinstance(answer, dict):
        raise TypeError(f"an explorer returns a dict of hyperparameters, not {type(answer).__name__}")
    return {_name(name): _as_value(name, value) for name, value in answer.items()}


def _name(name):
    if not isinstance(name, str):
        raise TypeError(f"the name of a hyperparameter must be text, not {name!r}")
    return name


def _as_value(name, value):
    """As JSON has it: numbers of NumPy and Torch too. None: not given."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value).__name__ in ("bool_", "bool"):  # NumPy's
        return bool(value)
    try:
        return operator.index(value)
    except TypeError:
        pass
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} is no number and no text: {value!r:.80}") from None
    return number if math.isfinite(number) else str(number)
