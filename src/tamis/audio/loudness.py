"""Loudness as broadcasters measure it: ITU-R BS.1770-4 and EBU Tech 3342."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tamis.audio.signal import Signal
from tamis.media.decoded import each
from tamis.op import measure

QUIETEST = -70.0  # LUFS, the absolute gate: what is below does not count

Signals = Sequence[Signal | None]


@measure(dtype="float64", range=(QUIETEST, 100), heavy=True)
def loudness(signal: Signals) -> np.ndarray:
    """Integrated loudness in LUFS (ITU-R BS.1770-4), gated; -70 where nothing is above the gate.

    Null for recordings of less than 0.4 s. Broadcasts are at -23 (EBU R 128), streaming services
    at -14, Emilia normalises speech to -20 dBFS.
    """
    return each(signal, lambda s: _integrated(s.loud))


@measure(dtype="float64", range=(0, 200), heavy=True)
def loudness_range(signal: Signals) -> np.ndarray:
    """Loudness range in LU (EBU Tech 3342): from the 10th to the 95th percentile over 3 s.

    Null for recordings of less than 3 s, and where all is below the gate.
    """
    return each(signal, lambda s: _range(s.loud))


def lufs(power: np.ndarray | float) -> np.ndarray:
    """Loudness of weighted mean squares."""
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-30))


def _over(loud: np.ndarray, count: int) -> np.ndarray:
    """Means over `count` pieces of 100 ms that follow one another, from each on."""
    return np.convolve(loud, np.full(count, 1 / count), "valid")


def _integrated(loud: np.ndarray) -> float:
    if len(loud) < 4:
        return float("nan")
    power = _over(loud, 4)
    power = power[lufs(power) > QUIETEST]
    if not len(power):
        return QUIETEST
    gated = power[lufs(power) > max(float(lufs(power.mean())) - 10, QUIETEST)]
    return float(lufs(gated.mean()))


def _range(loud: np.ndarray) -> float:
    if len(loud) < 30:
        return float("nan")
    power = _over(loud, 30)
    power = power[lufs(power) > QUIETEST]
    if not len(power):
        return float("nan")
    levels = lufs(power[lufs(power) > float(lufs(power.mean())) - 20])
    low, high = np.percentile(levels, [10, 95])
    return float(high - low)
