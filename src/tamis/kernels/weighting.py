"""The K-weighting of ITU-R BS.1770: two filters, and the energy that is left in each piece."""

from __future__ import annotations

import math

import numpy as np

from tamis.kernels.jit import jit

LANES = 16

_int = np.uint64
_LANES = _int(LANES)
_S1, _S2, _S3, _S4, _SUM = (_int(n * LANES) for n in range(1, 6))


def coefficients(rate: float) -> np.ndarray:
    """b0, b1, b2, a1, a2 of the shelf and the high-pass, float64[2, 5], at any sample rate.

    Source: the analogue prototypes behind the table of BS.1770-4 (Brecht De Man, "Evaluation of
    implementations of the EBU R128 loudness measurement", 2018); at 48 kHz they give the table.
    """
    found = np.empty((2, 5))
    centre, gain, q = 1681.9744509555319, 3.99984385397, 0.7071752369554193
    k = math.tan(math.pi * centre / rate)
    high = 10 ** (gain / 20)
    middle = high**0.499666774155
    scale = 1 + k / q + k * k
    found[0] = (
        (high + middle * k / q + k * k) / scale, 2 * (k * k - high) / scale,
        (high - middle * k / q + k * k) / scale, 2 * (k * k - 1) / scale,
        (1 - k / q + k * k) / scale,
    )  # fmt: skip
    centre, q = 38.13547087613982, 0.5003270373253953
    k = math.tan(math.pi * centre / rate)
    scale = 1 + k / q + k * k
    found[1] = 1, -2, 1, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale
    return found


@jit
def weighted(
    x: np.ndarray, step: int, pieces: int, size: int, filters: np.ndarray, energies: np.ndarray
) -> None:
    """The energy of each of `pieces` of `size` samples, weighted, into `energies`.

    `x` is float32 of which every `step`th number counts. The first piece begins behind `size`
    samples that the filters settle on: 100 ms leave 1e-10 of what was before. Sixteen places are
    filtered together, as the lanes of one register, so as many numbers must follow the last piece
    that `pieces` could be a multiple of sixteen.
    """
    each = -(-pieces // LANES)
    a0, a1, a2 = filters[0, 0], filters[0, 1], filters[0, 2]
    a3, a4, b3, b4 = filters[0, 3], filters[0, 4], filters[1, 3], filters[1, 4]
    s = np.zeros(6 * LANES)
    apart, by = _int(each * size * step), _int(step)
    for piece in range(each + 1):
        for k in range(_LANES):
            s[_SUM + k] = 0.0
        at = _int(piece * size * step)
        for _ in range(size):
            for k in range(_LANES):
                s[k] = x[at + k * apart]
            for k in range(_LANES):
                value, s1, s2 = s[k], s[k + _S1], s[k + _S2]
                s3, s4, total = s[k + _S3], s[k + _S4], s[k + _SUM]
                out = a0 * value + s1
                end = out + s3
                s[k + _S1] = a1 * value - a3 * out + s2
                s[k + _S2] = a2 * value - a4 * out
                s[k + _S3] = s4 - 2.0 * out - b3 * end
                s[k + _S4] = out - b4 * end
                s[k + _SUM] = total + end * end
            at += by
        if piece:
            for k in range(LANES):
                if k * each + piece - 1 < pieces:
                    energies[k * each + piece - 1] = s[5 * LANES + k]


@jit
def weighted_one_by_one(
    x: np.ndarray, bounds: np.ndarray, filters: np.ndarray, state: np.ndarray, energies: np.ndarray
) -> None:
    """The same of float32[n] for pieces between `bounds` of any sizes; `state` is kept for more."""
    a0, a1, a2 = filters[0, 0], filters[0, 1], filters[0, 2]
    a3, a4, b3, b4 = filters[0, 3], filters[0, 4], filters[1, 3], filters[1, 4]
    s1, s2, s3, s4 = state[0], state[1], state[2], state[3]
    for piece in range(len(bounds) - 1):
        total = 0.0
        for i in range(bounds[piece], bounds[piece + 1]):
            value = np.float64(x[i])
            out = a0 * value + s1
            end = out + s3
            s1 = a1 * value - a3 * out + s2
            s2 = a2 * value - a4 * out
            s3 = s4 - 2.0 * out - b3 * end
            s4 = out - b4 * end
            total += end * end
        energies[piece] = total
    state[0], state[1], state[2], state[3] = s1, s2, s3, s4
