import random

import coppice


def walk(params, trial):
    """The mean distance from its target of a walker that jumps at random, and turns round where it came further away."""
    generator = random.Random(trial.seed)
    total = 0.0
    for step in range(1, 10):
        for _ in range(20):
            x = 10.0
            for _ in range(30):
                y = x + generator.gauss(0.0, params["jump"])
                if abs(y) < abs(x) or generator.random() < params["patience"]:
                    x = y
            total += abs(x)
        trial.report({"distance": total / (20 * step)}, step)


coppice.serve(walk)
