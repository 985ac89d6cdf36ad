"""What becomes of a clone's hyperparameters: each is taken over from one of the better half at that step; then the learning
rate goes up or down by a factor, and never up in the second half of the training."""

import coppice

LAST_STEP = 12


def explore(base, info):
    better = info.standings[: max(1, len(info.standings) // 2)]
    params = {name: info.random.choice(better).params.get(name) for name in base}
    factor = info.random.choice([0.5, 0.8] if 2 * info.step > LAST_STEP else [0.5, 0.8, 1.25, 2.0])
    params["learning_rate"] = min(1.0, max(1e-3, params["learning_rate"] * factor))
    return params  # `hidden` is fixed: it stays what the weights were trained with, whatever stands here


coppice.serve_explorer(explore)
