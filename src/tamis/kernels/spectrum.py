"""Power spectra of many short frames: a Fourier transform of 512 samples, eight frames at once.

Each number of a frame stands beside those of seven others, so that a compiler makes one instruction
of the eight. It does so where all places are unsigned and differ by constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tamis.kernels.jit import jit

SIZE = 512
BINS = SIZE // 2 + 1
LANES = 8
FLOOR = 1e-10  # the least power that counts in a geometric mean, as librosa's `amin`

_int = np.uint64
_HALF, _LANES, _BINS = _int(SIZE // 2), _int(LANES), _int(BINS)
_ONE, _TWO, _THREE = _int(1), _int(2), _int(3)
_IM = _HALF * _LANES  # where imaginary parts begin, behind the real ones
_POWERS, _ALL = _TWO * _IM, _BINS * _LANES
_REVERSED = _POWERS + _ALL + _LANES
_PART = _int(32) * _LANES  # powers of 32 bins
_SIZE = _int(SIZE)
_LEAST, _MOST = np.float32(FLOOR), np.float32(1e6)
_SCALE = 1e3
_UNSCALED = float(np.log(_SCALE))
_NONE, _QUARTER = np.float32(0), np.float32(0.25)


def tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each pair of samples goes (base-4 digits turned round), and the factors of both parts.

    float32 of cosine and sine for the 256 complex numbers; and for the step to real bins the
    cosines, then the sines, each once for every lane.
    """
    half = SIZE // 2
    turned = [int(np.base_repr(i, 4).zfill(4)[::-1], 4) for i in range(half)]
    order = np.array(turned, np.uint64) * _LANES
    inner = np.exp(-2j * np.pi * np.arange(half) / half)
    outer = np.repeat(np.exp(-2j * np.pi * np.arange(half) / SIZE), LANES)
    both = np.concatenate([outer.real, outer.imag])
    return order, inner.view(np.float64).astype(np.float32), both.astype(np.float32)


@jit
def spectra(
    x: np.ndarray, hop: int, count: int, window: np.ndarray, order: np.ndarray,
    inner: np.ndarray, outer: np.ndarray, power: np.ndarray,
) -> float:  # fmt: skip
    """Add the powers of `count` frames of float32[n] to `power`; the sum of their flatness.

    Frame i is the 512 samples from i * hop, times `window`. `power` is float64[257 * 8]: what eight
    lanes have seen of each bin.
    """
    z = np.empty((2 * SIZE + BINS + 1) * LANES, np.float32)
    pairs = z.view(np.float64)
    frame = np.empty(SIZE, np.float32)
    s, sums = np.empty(2 * 32 * LANES), np.empty(2 * LANES)
    flat = 0.0
    for f in range(0, count, LANES):
        many = min(LANES, count - f)
        for k in range(LANES):
            at = _int((f + min(k, many - 1)) * hop)
            for n in range(_SIZE):
                frame[n] = x[at + n] * window[n]
            for n in range(_HALF):
                place = order[n] + _int(k)
                z[place] = frame[n + n]
                z[place + _IM] = frame[n + n + _ONE]
        for k in range(many, LANES):
            for n in range(_int(SIZE)):
                z[n * _LANES + _int(k)] = _NONE
        _by_1(z, inner)
        _by_4(z, inner)
        _by_16(z, inner)
        _by_64(z, inner)
        _powers(z, pairs, outer)
        for i in range(_ALL):
            power[i] += z[_POWERS + i]
        _means(z, s, sums)
        for k in range(many):
            logs = sums[k] / BINS - _UNSCALED
            flat += np.exp(logs) / (sums[LANES + k] / BINS)
    return flat


def _stage(quarter: int) -> Callable[..., Any]:
    """A step of the transform of 256 complex numbers, in place: parts of `quarter` become four."""
    near, step = _int(quarter * LANES), _int(SIZE // 8 // quarter)
    far, farther = near * _TWO, near * _THREE
    apart, end = _int(4 * quarter), _int(quarter)

    def stage(z: np.ndarray, turns: np.ndarray) -> None:
        for j in range(end):
            turn = _TWO * j * step
            c1, d1 = turns[turn], turns[turn + _ONE]
            c2, d2 = turns[_TWO * turn], turns[_TWO * turn + _ONE]
            c3, d3 = turns[_THREE * turn], turns[_THREE * turn + _ONE]
            for i in range(j, _HALF, apart):
                for k in range(_LANES):
                    p = _int(i) * _LANES + k
                    x0, y0 = z[p], z[p + _IM]
                    x1, y1 = z[p + near], z[p + near + _IM]
                    x2, y2 = z[p + far], z[p + far + _IM]
                    x3, y3 = z[p + farther], z[p + farther + _IM]
                    br, bi = x1 * c1 - y1 * d1, x1 * d1 + y1 * c1
                    cr, ci = x2 * c2 - y2 * d2, x2 * d2 + y2 * c2
                    dr, di = x3 * c3 - y3 * d3, x3 * d3 + y3 * c3
                    er, ei, fr, fi = x0 + cr, y0 + ci, x0 - cr, y0 - ci
                    gr, gi, hr, hi = br + dr, bi + di, br - dr, bi - di
                    z[p], z[p + _IM] = er + gr, ei + gi
                    z[p + near], z[p + near + _IM] = fr + hi, fi - hr
                    z[p + far], z[p + far + _IM] = er - gr, ei - gi
                    z[p + farther], z[p + farther + _IM] = fr - hi, fi + hr

    return jit(stage)


_by_1, _by_4, _by_16, _by_64 = _stage(1), _stage(4), _stage(16), _stage(64)


@jit
def _powers(z: np.ndarray, pairs: np.ndarray, outer: np.ndarray) -> None:
    """Squared magnitudes of the 257 bins of the real transform that the complex one holds.

    `pairs` are the numbers of `z` two by two: bins in reverse are put behind the powers first, for
    one long loop over all.
    """
    half = _LANES // _TWO
    for b in range(_HALF):
        here, there = ((_HALF - b) % _HALF) * half, _REVERSED // _TWO + b * half
        for k in range(half):
            pairs[there + k] = pairs[here + k]
            pairs[there + k + _IM // _TWO] = pairs[here + k + _IM // _TWO]
    for i in range(_IM):
        r, s, u, v = z[i], z[i + _IM], z[i + _REVERSED], z[i + _REVERSED + _IM]
        c, d = outer[i], outer[i + _IM]
        odd, odd_i = s + v, u - r
        x = r + u + odd * c - odd_i * d
        y = s - v + odd * d + odd_i * c
        z[i + _POWERS] = (x * x + y * y) * _QUARTER
    for k in range(_LANES):
        last = z[k] - z[k + _IM]
        z[_POWERS + _IM + k] = last * last


@jit
def _means(z: np.ndarray, s: np.ndarray, sums: np.ndarray) -> None:
    """For each lane the sum of the logarithms of its scaled powers, then that of its powers.

    No power counts as less than `FLOOR`. The products of 32 do not leave the range of a float64.
    """
    last = _int(BINS - 1) * _LANES + _POWERS
    for k in range(_LANES):
        top = np.float64(min(max(z[last + k], _LEAST), _MOST))
        sums[k] = np.log(top * _SCALE)
        sums[k + _LANES] = top
    start = _POWERS
    while start < last:
        for i in range(_PART):
            s[i] = min(max(z[start + i], _LEAST), _MOST)
        for i in range(_PART):
            s[i + _PART] = s[i] * _SCALE
        for i in range(_int(128)):
            s[i] += s[i + _int(128)]
            s[i + _PART] *= s[i + _int(128) + _PART]
        for i in range(_int(64)):
            s[i] += s[i + _int(64)]
            s[i + _PART] *= s[i + _int(64) + _PART]
        for i in range(_int(32)):
            s[i] += s[i + _int(32)]
            s[i + _PART] *= s[i + _int(32) + _PART]
        for i in range(_int(16)):
            s[i] += s[i + _int(16)]
            s[i + _PART] *= s[i + _int(16) + _PART]
        for k in range(_LANES):
            sums[k] += np.log(s[k + _PART] * s[k + _LANES + _PART])
            sums[k + _LANES] += s[k] + s[k + _LANES]
        start += _PART
