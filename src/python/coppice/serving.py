"""serve(): keeps the process alive and trains segment after segment for the worker at the other end of COPPICE_FD."""

import gc
import inspect
import multiprocessing
import os
import sys
import threading
import time
import traceback

from .connection import Connection
from .trial import Pruned, Trainable, Trial, as_metrics, encodable


def serve(what):
    """Serve a subclass of Trainable, or a function of (params) or (params, trial). Returns when the worker says exit."""
    if is_child():
        return
    make = _server_for(what)
    connection = connect("train.py", "a trial program of coppice: name it in a study file, "
                                     "trainable: {{command: [python3, {}]}}")
    server = make(connection, what)
    connection.hello(server.form, can_save=server.can_save)
    order = connection.next_order()
    while order is not None:
        order = server.run(order) or connection.next_order()


def is_child():
    """Whether user code has started this process, which imports the program again: it isn't the host."""
    return multiprocessing.parent_process() is not None or getattr(multiprocessing.current_process(), "_inheriting", False)


def connect(usual_name, what):
    """The connection to who started this program; where nobody did who wants one, says what it is and exits."""
    fd = os.environ.pop("COPPICE_FD", None)  # popped: what the program starts isn't the host either
    if fd is None:
        program = os.path.basename(sys.argv[0]) or usual_name
        print(f"{program} is {what.format(program)}, and start it with: coppice run STUDY.yaml", file=sys.stderr)
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    return Connection(int(fd))


def _server_for(what):
    if isinstance(what, type):
        if not issubclass(what, Trainable):
            raise TypeError(f"coppice.serve: {what.__name__} must be a subclass of coppice.Trainable")
        defined = [getattr(what, verb) is not getattr(Trainable, verb) for verb in ("save", "load")]
        if defined[0] != defined[1]:
            raise TypeError(f"coppice.serve: {what.__name__} must define save and load both, or neither")
        return TrainableServer
    if not callable(what):
        raise TypeError(f"coppice.serve takes a Trainable class or a function, not {type(what).__name__}")
    return FunctionServer if takes_both("coppice.serve", what, "params", "trial") else OnceServer


def takes_both(server, function, first, second):
    """Whether a function takes both arguments, and not the first one alone; one that takes neither way is refused."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    arguments = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    needed = [p for p in arguments if p.default is inspect.Parameter.empty]
    if not arguments or len(needed) > 2:
        raise TypeError(f"{server}: the function must take ({first}) or ({first}, {second})")
    return len(needed) == 2 or (len(arguments) >= 2 and arguments[1].name == second)


class _Server:
    can_save = False

    def __init__(self, connection, what):
        self.connection = connection
        self.what = what

    def run(self, order):
        """Train one segment. Returns the next order, if it came already."""
        self.seconds = {"setup": 0.0, "load": 0.0, "train": 0.0, "save": 0.0}
        try:
            return self.train(order)
        except Exception as error:
            self.forget()
            self.fail(order, error)
        gc.collect()  # what the traceback held
        return None

    def forget(self):
        """Drop what is left of a segment that failed."""

    def fail(self, order, error):
        traceback.print_exc()
        sys.stderr.flush()
        text = describe(error)
        traceback.clear_frames(error.__traceback__)
        self.connection.failed(order["segment"], text)
        if _device_is_lost(error):
            print("coppice: the device is in an error state; this process ends, so that the next one starts afresh",
                  file=sys.stderr)
            sys.exit(70)

    def end(self, order, step, done):
        self.connection.ended(order["segment"], step, done, self.seconds)

    def timed(self, cause, function, *arguments):
        begin = time.monotonic()
        try:
            return function(*arguments)
        finally:
            self.seconds[cause] += time.monotonic() - begin


class TrainableServer(_Server):
    form = "trainable"

    def __init__(self, connection, what):
        super().__init__(connection, what)
        self.can_save = what.save is not Trainable.save
        self.object = None
        self.trial_id = None
        self.step = 0

    def forget(self):
        self.object = None

    def begin(self, order):
        if not order["fresh"]:
            if self.object is None or self.trial_id != order["trial"] or self.step != order["from_step"]:
                raise RuntimeError(f"trial {order['trial']} can't go on from step {order['from_step']}: "
                                   "this host doesn't have it")
            return
        blob = order.pop("checkpoint", None)
        if order["from_step"] > 0 and blob is None:
            raise RuntimeError(f"no checkpoint came for step {order['from_step']}")
        if blob is not None and not self.can_save:
            raise RuntimeError(f"{self.what.__name__} has no load(), but a checkpoint came")
        trial = Trial(order["trial"], order["seed"], order["repeat"], order["device"])
        self.timed("setup", self.set_up, order["params"], trial)
        self.trial_id = order["trial"]
        self.step = order["from_step"]
        if blob is not None:
            self.timed("load", self.object.load, blob)

    def set_up(self, params, trial):
        if self.object is not None and hasattr(self.object, "reset"):
            self.object.trial = trial
            if self.object.reset(dict(params)):
                return
        self.object = None  # before the new one, so that memory never holds two
        gc.collect()
        self.object = self.what()
        self.object.trial = trial
        self.object.setup(dict(params))

    def train(self, order):
        segment, until, save_every_s = order["segment"], order["until"], order["save_every_s"]
        if until is None:
            raise RuntimeError("budget.steps_per_trial is needed for a Trainable: it never ends by itself")
        self.begin(order)
        saved_at = time.monotonic()
        done = stop = False
        while self.step < until and not done and not stop:
            metrics = self.timed("train", self.object.step)
            self.step += 1
            if isinstance(metrics, dict) and "done" in metrics:
                metrics = dict(metrics)
                done = bool(metrics.pop("done"))
            metrics = as_metrics(metrics, order["metric"])
            if self.step > order["report_after"]:
                self.connection.report(segment, self.step, encodable(metrics))
            stop = self.connection.stopped(segment)
            last = self.step >= until or done or stop
            if self.can_save and not last and 0 < save_every_s <= time.monotonic() - saved_at:
                self.save(segment)
                saved_at = time.monotonic()
        if self.connection.exiting():
            return
        if self.can_save and (order["save_at_end"] or stop):
            self.save(segment)
        self.end(order, self.step, done)

    def save(self, segment):
        self.timed("save", lambda: self.connection.saved(segment, self.step, self.object.save()))


class OnceServer(_Server):
    """A function of the hyperparameters: one step."""

    form = "once"

    def train(self, order):
        if not order["fresh"] or order["from_step"] > 0:
            raise RuntimeError("a function can't go on from a checkpoint")
        value = self.timed("train", self.what, dict(order["params"]))
        metrics = as_metrics(value, order["metric"])
        if order["report_after"] < 1:
            self.connection.report(order["segment"], 1, encodable(metrics))
        self.end(order, 1, True)


class FunctionServer(_Server):
    """A function that reports on its way.

    It can't be saved, but it can wait: at the step where its segment ends, `report` doesn't return until the trial goes on,
    and raises Pruned if another one comes instead. So it runs in the main thread, as user code expects, and the
    next order is read inside of its call of `report`.
    """

    form = "function"

    def train(self, order):
        self.order = order
        self.next = None
        self.thread = threading.get_ident()
        self.last_step = 0
        self.last_metrics = None
        self.told_to_prune = False
        if not order["fresh"] or order["from_step"] > 0:
            raise RuntimeError(f"trial {order['trial']} can't go on from step {order['from_step']}: a function "
                               "begins anew, or goes on in the process where it waits")
        trial = Trial(order["trial"], order["seed"], order["repeat"], order["device"], reporter=self)
        self.since = time.monotonic()
        pruned = False
        try:
            value = self.what(dict(order["params"]), trial)
        except Pruned:
            value = None
            pruned = True
        except Exception as error:
            if self.next is None:
                self.fail(self.order, error)  # of the segment that it has reached, not of the one it began with
                return None
            traceback.print_exc()  # on its way out: it concerns nobody any more
        if self.next is not None or self.connection.exiting():
            return self.next
        if value is not None:
            metrics = as_metrics(value, self.order["metric"])
            if encodable(metrics) != self.last_metrics:  # not what it reported last
                self.say(metrics, self.last_step + 1)
        self.pause_clock()
        self.end(self.order, self.last_step, not (pruned or self.told_to_prune))
        return None

    def fail(self, order, error):
        super().fail(self.order, error)

    def pause_clock(self):
        self.seconds["train"] += time.monotonic() - self.since

    def say(self, metrics, step):
        self.last_step = step
        self.last_metrics = encodable(metrics)
        if step > self.order["report_after"]:
            self.connection.report(self.order["segment"], step, self.last_metrics)

    def should_prune(self):
        if self.next is not None or self.connection.exiting():
            return True
        self.told_to_prune = self.told_to_prune or self.connection.stopped(self.order["segment"])
        return self.told_to_prune

    def report(self, value, step):
        if threading.get_ident() != self.thread:
            raise RuntimeError("trial.report must be called from the thread that runs the objective")
        if self.next is not None:
            raise Pruned("another trial has this process now")
        step = self.last_step + 1 if step is None else _whole(step)
        if step <= self.last_step:
            raise ValueError(f"step {step} was reported after step {self.last_step}: steps begin at 1 and grow")
        self.say(as_metrics(value, self.order["metric"]), step)
        until = self.order["until"]
        if self.connection.stopped(self.order["segment"]) or (until is not None and step >= until):
            self.wait()

    def wait(self):
        """Ends the segment, and returns when the trial goes on."""
        if self.connection.exiting():
            raise Pruned("the worker is gone")
        self.pause_clock()
        self.end(self.order, self.last_step, False)
        self.next = self.connection.next_order()
        if self.next is None:
            raise Pruned("the worker is done with this process")
        if self.next["fresh"] or self.next["trial"] != self.order["trial"] or self.next["from_step"] != self.last_step:
            raise Pruned("another trial has this process now")
        self.order, self.next = self.next, None
        self.told_to_prune = False
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        self.since = time.monotonic()


def _whole(step):
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise TypeError(f"a step must be a whole number, not {step!r}")
    return step.__index__()


def describe(error):
    """The last line of the traceback, and where in the user's own code it came from."""
    last = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
    here = os.path.dirname(os.path.abspath(__file__)) + os.sep
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not os.path.abspath(f.filename).startswith(here)]
    main = os.path.dirname(os.path.abspath(sys.argv[0])) + os.sep
    own = [f for f in frames if os.path.abspath(f.filename).startswith(main) and "site-packages" not in f.filename]
    for frame in (own or frames)[-1:]:
        return f"{last} ({os.path.basename(frame.filename)}:{frame.lineno}, in {frame.name})"
    return last


def _device_is_lost(error):
    """A CUDA error other than lack of memory stays for the life of the process."""
    text = str(error)
    return ("CUDA error" in text or "CUDA_ERROR" in text) and "out of memory" not in text.lower()
