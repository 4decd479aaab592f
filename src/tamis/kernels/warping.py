"""Monotone paths through tables of frames: dynamic time warping, and CTC's forced alignment."""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit


@jit
def warp(cost: np.ndarray, first: np.ndarray) -> None:
    """The cheapest path from corner to corner of `cost`, float32 of [tokens, frames].

    A step goes to the next token, the next frame, or both; `first[token]` becomes the first frame
    of each token on it. Source: Sakoe and Chiba, 1978; ties as OpenAI's Whisper breaks them.
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf, np.float32)
    step = np.zeros((rows + 1, columns + 1), np.int8)
    total[0, 0] = np.float32(0)
    for j in range(1, columns + 1):
        for i in range(1, rows + 1):
            both, down, along = total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]
            if both < down and both < along:
                least, kind = both, 0
            elif down < both and down < along:
                least, kind = down, 1
            else:
                least, kind = along, 2
            total[i, j] = cost[i - 1, j - 1] + least
            step[i, j] = kind
    i, j = rows, columns
    while i > 0 and j > 0:
        first[i - 1] = j - 1
        kind = step[i, j]
        if kind != 2:
            i -= 1
        if kind != 1:
            j -= 1
    while i > 0:  # tokens before the first frame
        first[i - 1] = 0
        i -= 1


@jit
def align(emissions: np.ndarray, labels: np.ndarray, blank: int, states: np.ndarray) -> float:
    """The likeliest CTC path of `labels` through `emissions`: its log-probability; -inf if none.

    `emissions` is log-probabilities, float32 of [frames, classes]. `states[frame]` becomes the
    place on the path: 2k + 1 where label k is spoken, even where there is blank before label k / 2.
    Source: A. Graves et al., Connectionist Temporal Classification, 2006 (its Viterbi path).
    """
    frames, count = emissions.shape[0], 2 * labels.size + 1
    least = -np.inf
    before = np.full(count, least)
    now = np.full(count, least)
    came = np.zeros((frames, count), np.uint8)  # how many places back a path was a frame before
    if frames == 0:
        return 0.0 if labels.size == 0 else least
    before[0] = emissions[0, blank]
    if count > 1:
        before[1] = emissions[0, labels[0]]
    for t in range(1, frames):
        low = max(0, count - 2 * (frames - t))  # from further down the end cannot be reached
        high = min(count, 2 * (t + 1))
        for s in range(low, high):
            best, back = before[s], 0
            if s >= 1 and before[s - 1] > best:
                best, back = before[s - 1], 1
            odd = s % 2 == 1
            if odd and s >= 3 and labels[s // 2] != labels[s // 2 - 1] and before[s - 2] > best:
                best, back = before[s - 2], 2
            now[s] = best + emissions[t, labels[s // 2] if odd else blank]
            came[t, s] = back
        for s in range(count):
            before[s] = now[s] if low <= s < high else least
    place = count - 1
    if count > 1 and before[count - 2] > before[count - 1]:
        place = count - 2
    best = before[place]
    if best == least:
        return best
    for t in range(frames - 1, -1, -1):
        states[t] = place
        place -= came[t, place]
    return best
