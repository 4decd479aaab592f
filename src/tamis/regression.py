"""Linear models fitted to rows of numbers: ridge, logistic and softmax regression."""

from __future__ import annotations

import numpy as np

STEPS = 100  # of Newton's method; it takes about ten
CLOSE = 1e-9  # the largest slope, per row, at which it has arrived


def fit_ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """The weights and intercept of least squares with `penalty` on the squared weights."""
    centre, level = x.mean(axis=0), y.mean()
    x = x - centre
    if len(x) < x.shape[1]:  # the same by the smaller of two systems
        weight = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y - level)
    else:
        weight = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (y - level))
    return weight, float(level - centre @ weight)


def fit_logistic(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """The weights and intercept of logistic regression with `penalty` on half the squared weights.

    Newton's method, each step halved until the loss falls.
    """
    x = np.column_stack([x, np.ones(len(x))])
    keep = np.full(x.shape[1], penalty)
    keep[-1] = 0
    at = np.zeros(x.shape[1])
    loss = _loss(x, y, keep, at)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ at, -500, 500)))
        slope = x.T @ (chance - y) + keep * at
        if np.abs(slope).max() <= CLOSE * len(y):
            break
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(keep)
        curve[-1, -1] += 1e-12  # where all are told apart with certainty the intercept has no slope
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while (new := _loss(x, y, keep, at - size * step)) > loss and size > 1e-6:
            size /= 2
        at, before, loss = at - size * step, loss, new
        if before - loss <= 1e-14 * abs(before):
            break
    return at[:-1], float(at[-1])


def _loss(x: np.ndarray, y: np.ndarray, keep: np.ndarray, at: np.ndarray) -> float:
    score = x @ at
    return float((np.logaddexp(0, score) - y * score).sum() + (keep * at * at).sum() / 2)


def fit_softmax(
    x: np.ndarray, y: np.ndarray, count: int, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """The weights [count, width] and intercepts of softmax regression; `y` are whole numbers.

    `penalty` on half the squared weights. Newton's method, each step found by conjugate gradients
    (the curve is never written out) and halved until the loss falls.
    """
    x = np.column_stack([x, np.ones(len(x))])
    wanted = np.eye(count)[y]
    keep = np.full(x.shape[1], penalty)
    keep[-1] = 1e-9  # intercepts that all rise together change nothing

    def at_weights(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = x @ weights.T
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return float((keep * weights * weights).sum() / 2 - logs[wanted > 0].sum()), np.exp(logs)

    weights = np.zeros((count, x.shape[1]))
    loss, chance = at_weights(weights)
    for _ in range(STEPS):
        slope = (chance - wanted).T @ x + keep * weights
        steep = np.abs(slope).max()
        if steep <= CLOSE * len(y):
            break
        step = _conjugate(x, chance, keep, slope, min(0.1, (steep / len(y)) ** 0.5))
        size = 1.0
        while (new := at_weights(weights - size * step))[0] > loss and size > 1e-6:
            size /= 2
        weights, before, (loss, chance) = weights - size * step, loss, new
        if before - loss <= 1e-14 * abs(before):
            break
    return weights[:, :-1], weights[:, -1]


def _conjugate(
    x: np.ndarray, chance: np.ndarray, keep: np.ndarray, slope: np.ndarray, close: float
) -> np.ndarray:
    """The step whose product with the curve is the slope, but for a share `close` of it."""
    found = np.zeros_like(slope)
    left, way = slope.copy(), slope.copy()
    size = goal = float((left * left).sum())
    for _ in range(slope.size):
        if size <= close * close * goal:
            break
        moved = x @ way.T
        moved = chance * (moved - (chance * moved).sum(axis=1, keepdims=True))
        curved = moved.T @ x + keep * way
        along = size / float((way * curved).sum())
        found += along * way
        left -= along * curved
        size, before = float((left * left).sum()), size
        way = left + size / before * way
    return found
