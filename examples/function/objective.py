import math

import coppice


def branin(params):
    x, y = params["x"], params["y"]
    a = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return {"loss": a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10}


coppice.serve(branin)
