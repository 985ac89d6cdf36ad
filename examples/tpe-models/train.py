"""Three ways to fit a noisy curve, without any library. Gradient descent with too large a rate diverges: the trial fails."""

import math
import random

import coppice

draw = random.Random(1)
POINTS = [(x, math.sin(5 * x) + 0.5 * math.sin(13 * x) + draw.gauss(0, 0.2)) for x in (draw.random() for _ in range(120))]
TRAIN, VALIDATE = POINTS[:80], POINTS[80:]


def clipped(points, clip):
    """Outliers are cut to `clip` before the fit."""
    return points if clip == "none" else [(x, max(-float(clip), min(float(clip), y))) for x, y in points]


def solve(matrix, right):
    """Gauss and Jordan's elimination with pivots."""
    rows = [row + [value] for row, value in zip(matrix, right)]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for r in range(len(rows)):
            if r != i:
                rows[r] = [a - rows[r][i] * b for a, b in zip(rows[r], rows[i])]
    return [row[-1] for row in rows]


def polynomial(points, params):
    basis = [[(2 * x - 1) ** k for k in range(params["degree"] + 1)] for x, _ in points]
    size = len(basis[0])
    gram = [[sum(b[i] * b[j] for b in basis) + (params["ridge"] if i == j else 0) for j in range(size)] for i in range(size)]
    weights = solve(gram, [sum(b[i] * y for b, (_, y) in zip(basis, points)) for i in range(size)])
    return lambda x: sum(w * (2 * x - 1) ** k for k, w in enumerate(weights))


def neighbours(points, params):
    def predict(x):
        near = sorted((abs(x - at), y) for at, y in points)[:params["count"]]
        weights = [1 / (distance + 0.01) if params["weights"] == "distance" else 1 for distance, _ in near]
        return sum(w * y for w, (_, y) in zip(weights, near)) / sum(weights)
    return predict


def features(points, params):
    basis = lambda x: [1.0] + [math.cos(math.pi * k * x) for k in range(1, params["waves"] + 1)]
    rows = [(basis(x), y) for x, y in points]
    weights = [0.0] * len(rows[0][0])
    for _ in range(60):
        errors = [sum(w * b for w, b in zip(weights, row)) - y for row, y in rows]
        weights = [w - params["rate"] * sum(e * row[i] for e, (row, _) in zip(errors, rows)) / len(rows) for i, w in enumerate(weights)]
        if max(map(abs, weights)) > 1e6:
            raise ArithmeticError("diverged")
    return lambda x: sum(w * b for w, b in zip(weights, basis(x)))


def objective(params):
    fit = {"polynomial": polynomial, "neighbours": neighbours, "features": features}[params["model"]]
    predict = fit(clipped(TRAIN, params["clip"]), params)
    return {"error": math.sqrt(sum((predict(x) - y) ** 2 for x, y in VALIDATE) / len(VALIDATE))}


coppice.serve(objective)
