"""Sums over the samples of a recording, a block at a time.

Numbers are added in pairs, 64 of them to one, so that a compiler makes one instruction of several
and the result does not depend on how many.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit

SUMS = (
    "total",
    "squares",
    "magnitude",
    "log",
    "crossings",
)  # what `one_channel` adds up, of each sample
QUIET = 1e-7  # what a smaller magnitude counts as where logarithms are taken: -140 dB

_int = np.uint64
_ZERO, _ONE, _TWO, _MANY = _int(0), _int(1), _int(2), _int(64)
_A, _B, _C, _D, _E = (_int(64 * n) for n in range(5))  # places of 64 numbers each


@jit
def one_channel(x: np.ndarray, bounds: np.ndarray, energies: np.ndarray, sums: np.ndarray) -> None:
    """Add the sums of float32[1 + n] to `sums` (float64[5]); the energy of frames to `energies`.

    The first number is what came before, for crossings of zero. `bounds` (uint64) are where frames
    begin and the last ends, and where the numbers end: what is behind the last frame counts in
    `sums` only.
    """
    s = np.zeros(5 * 64)
    total, squares, magnitude, logs, crossings = 0.0, 0.0, 0.0, 0.0, 0.0
    frames = len(bounds) - 2
    for f in range(frames + 1):
        start, end = bounds[f], bounds[f + 1]
        energy = 0.0
        while start < end:
            stop = min(start + _MANY, end)
            _fill(x, start, stop - start, s)
            _fold(s)
            total += s[_A] + s[_A + _ONE]
            energy += s[_B] + s[_B + _ONE]
            magnitude += s[_C] + s[_C + _ONE]
            crossings += s[_E] + s[_E + _ONE]
            logs += np.log(s[_D]) + np.log(s[_D + _ONE])
            start = stop
        squares += energy
        if f < frames:
            energies[f] = energy
    sums[0] += total
    sums[1] += squares
    sums[2] += magnitude
    sums[3] += logs
    sums[4] += crossings


@jit
def _fill(x: np.ndarray, start: int, count: int, s: np.ndarray) -> None:
    """Up to 64 samples, their squares, magnitudes (twice) and whether they crossed zero."""
    if count == _MANY:
        for i in range(_MANY):
            s[_A + i] = x[start + i + _ONE]
        for i in range(_MANY):
            s[_D + i] = x[start + i]
    else:
        for i in range(_MANY):
            s[_A + i] = x[start + i + _ONE] if i < count else 0.0
            s[_D + i] = x[start + i] if i < count else 0.0
    for i in range(_MANY):
        s[_E + i] = 1.0 if (s[_A + i] < 0.0) != (s[_D + i] < 0.0) else 0.0
    for i in range(_MANY):
        s[_B + i] = s[_A + i] * s[_A + i]
    for i in range(_MANY):
        s[_C + i] = abs(s[_A + i])
    for i in range(_MANY):
        s[_D + i] = max(s[_C + i], QUIET)
    for i in range(count, _MANY):
        s[_D + i] = 1.0


@jit
def _fold(s: np.ndarray) -> None:
    """64 numbers to 2 in each place, by sums; by products where logarithms are taken."""
    for i in range(_int(32)):
        _pair(s, i, _int(32))
    for i in range(_int(16)):
        _pair(s, i, _int(16))
    for i in range(_int(8)):
        _pair(s, i, _int(8))
    for i in range(_int(4)):
        _pair(s, i, _int(4))
    for i in range(_int(2)):
        _pair(s, i, _int(2))


@jit
def _pair(s: np.ndarray, i: int, half: int) -> None:
    s[_A + i] += s[_A + i + half]
    s[_B + i] += s[_B + i + half]
    s[_C + i] += s[_C + i + half]
    s[_D + i] *= s[_D + i + half]
    s[_E + i] += s[_E + i + half]


@jit
def two_channels(block: np.ndarray, mono: np.ndarray, moments: np.ndarray) -> None:
    """The mean of two channels, float32[2n], into `mono`; their moments are added.

    `moments` (float64[5]) are the sums of left, right, their squares, and their product.
    """
    s = np.ones(5 * 64)
    count = _int(len(mono))
    start = _ZERO
    while start < count:
        stop = min(start + _MANY, count)
        if stop - start == _MANY:
            for i in range(_MANY):
                s[_A + i] = block[_TWO * (start + i)]
                s[_B + i] = block[_TWO * (start + i) + _ONE]
        else:
            for i in range(_MANY):
                s[_A + i] = block[_TWO * (start + i)] if start + i < stop else 0.0
                s[_B + i] = block[_TWO * (start + i) + _ONE] if start + i < stop else 0.0
        for i in range(start, stop):
            mono[i] = (s[_A + i - start] + s[_B + i - start]) * 0.5
        for i in range(_MANY):
            s[_C + i] = s[_A + i] * s[_A + i]
        for i in range(_MANY):
            s[_D + i] = s[_B + i] * s[_B + i]
        for i in range(_MANY):
            s[_E + i] = s[_A + i] * s[_B + i]
        for m in range(5):
            moments[m] += _sum(s, _int(64 * m))
        start = stop


@jit
def _sum(s: np.ndarray, at: int) -> float:
    for i in range(_int(32)):
        s[at + i] += s[at + i + _int(32)]
    for i in range(_int(16)):
        s[at + i] += s[at + i + _int(16)]
    for i in range(_int(8)):
        s[at + i] += s[at + i + _int(8)]
    for i in range(_int(4)):
        s[at + i] += s[at + i + _int(4)]
    return s[at] + s[at + _ONE] + (s[at + _TWO] + s[at + _int(3)])
