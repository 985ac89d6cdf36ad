"""Two damped oscillations, to be found in the sum that was measured."""

import cmath
import math

import coppice

TIMES = [0.05 * i for i in range(100)]


def signal(p):
    waves = [(complex(p["cosine" + k], -p["sine" + k]), complex(-p["decay" + k], 2 * math.pi * p["frequency" + k])) for k in "12"]
    return [sum((size * cmath.exp(rate * t)).real for size, rate in waves) for t in TIMES]


MEASURED = signal({"cosine1": 0.9, "sine1": 0.4, "frequency1": 0.55, "decay1": 0.3,
                   "cosine2": 0.2, "sine2": -0.6, "frequency2": 0.85, "decay2": 0.6})


def objective(params):
    return {"error": math.sqrt(sum((a - b) ** 2 for a, b in zip(signal(params), MEASURED)) / len(TIMES))}


coppice.serve(objective)
