"""DNSMOS: how people would rate speech, by Microsoft's networks as speechmos ships them.

A recording is rated in windows of 9.01 seconds, one every second, and each is the mean of them. The
package computes each window by itself. But nearly all of the work is four convolutions over the
spectrogram at full size, and what those make of a frame is the same in all nine windows that it
is in, but for the four frames at either end, where they meet the padding. So they are computed once
for a stretch of the recording, the ends of the windows apart, and put together: the same numbers.

Source: C. Reddy et al., DNSMOS P.835, ICASSP 2022, and DNSMOS, 2021 (P.808).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.audio.computed import Streams
from tamis.audio.mel import framed, mel_power

RATE = 16_000
SECONDS = 9.01
WINDOW = 144_160  # samples
HOP = 160  # samples from one frame to the next
FRAMES, STEP = 900, 100  # of a window, from one window to the next
TOGETHER = 24  # windows of a stretch: 32 s
_EDGE = 4  # frames at the ends of a window that see its padding: one for each convolution
_SLAB = 300  # frames convolved at a time: 25 MB of the first layer's 128 channels


class Networks(NamedTuple):
    """The parts of the networks, each from an array to an array.

    `spectrum` takes frames [1, n, 320] to [1, 1, n, 161]; `broad` the four convolutions and the
    first pooling to [n, 32, frames / 2, 80]; `rest` what follows to [windows, 3]; `p808` takes mel
    spectrograms [windows, 900, 120] to [windows, 1].
    """

    spectrum: Callable[[np.ndarray], np.ndarray]
    broad: Callable[[np.ndarray], np.ndarray]
    rest: Callable[[np.ndarray], np.ndarray]
    p808: Callable[[np.ndarray], np.ndarray]
    turns: Any


class Curve(NamedTuple):
    """What the raw scores become: polynomials, highest power first (speechmos, dnsmos.py)."""

    signal: tuple[float, ...]
    background: tuple[float, ...]
    overall: tuple[float, ...]


CURVES = {
    "dnsmos": Curve(
        (-0.08397278, 1.22083953, 0.0052439),
        (-0.13166888, 1.60915514, -0.39604546),
        (-0.06766283, 1.11546468, 0.04602535),
    ),
    "dnsmos-personalized": Curve(
        (-0.01019296, 0.02751166, 1.19576786, -0.24348726),
        (-0.04976499, 0.44276479, -0.1644611, 0.96883132),
        (-0.00533021, 0.005101, 1.18058466, -0.11236046),
    ),
}


def rating(
    score: Callable[[Networks, np.ndarray, list[int]], np.ndarray], width: int
) -> Callable[[Networks, Streams, list[int]], Iterator[tuple[int, np.ndarray]]]:
    """A function for `Computed`: the mean of `score` over the windows of each row.

    `score(networks, samples, seconds)` gives [windows, width] for windows that begin at those
    seconds of the samples.
    """

    def run(model: Networks, streams: Streams, rows: list[int]) -> Iterator[tuple[int, np.ndarray]]:
        for row in rows:
            found: list[np.ndarray] = []
            places: list[int] = []
            length = 0
            size = WINDOW + (TOGETHER - 1) * RATE
            for at, samples in streams.windows(row, RATE, size, TOGETHER * RATE):
                length = at + len(samples)
                if length < WINDOW:
                    samples = tiled(samples)
                    length = len(samples)
                count = min((len(samples) - WINDOW) // RATE + 1, TOGETHER)
                first = at // RATE
                chosen = [k for k in range(first, first + count) if _rated(k)]
                if chosen:
                    with model.turns:
                        found.append(score(model, samples, [k - first for k in chosen]))
                    places += chosen
            most = wanted(length)
            scores = np.concatenate([*found, np.empty((0, width))])
            scores = scores[[k for k, place in enumerate(places) if place < most]]
            yield row, scores.mean(axis=0) if len(scores) else np.full(width, np.nan)

    return run


def tiled(samples: np.ndarray) -> np.ndarray:
    """Samples doubled until they fill a window, as speechmos does."""
    while 0 < len(samples) < WINDOW:
        samples = np.concatenate([samples, samples])
    return samples


def wanted(length: int) -> int:
    """How many windows speechmos goes through."""
    return int(math.floor(length / RATE) - SECONDS) + 1 if length >= WINDOW else 0


def _rated(window: int) -> bool:
    """Whether speechmos rates a window: it leaves those out whose end it rounds down."""
    return int((window + SECONDS) * RATE) - window * RATE >= WINDOW


def p835(networks: Networks, samples: np.ndarray, seconds: list[int]) -> np.ndarray:
    """Raw scores of signal, background and overall, float32 of [windows, 3]."""
    start, end = seconds[0] * RATE, seconds[-1] * RATE + WINDOW
    pieces = np.ascontiguousarray(framed(samples[start:end], 2 * HOP, HOP))
    seen = networks.spectrum(pieces[None])
    shared = _shared(networks, seen)
    heads = [STEP * (second - seconds[0]) for second in seconds]
    tails = [head + FRAMES - 2 * _EDGE for head in heads]
    edges = networks.broad(
        np.concatenate([seen[:, :, at : at + 2 * _EDGE] for at in (*heads, *tails)])
    )
    half = _EDGE // 2
    found = []
    for k, head in enumerate(heads):
        one = shared[:, :, head // 2 : (head + FRAMES) // 2].copy()
        one[:, :, :half] = edges[k, :, :half]
        one[:, :, -half:] = edges[len(heads) + k, :, half:]
        found.append(networks.rest(one))
    return np.concatenate(found)


def _shared(networks: Networks, seen: np.ndarray) -> np.ndarray:
    """The convolutions over all frames, slab by slab, each with the frames beside it."""
    frames = seen.shape[2]
    found = []
    for start in range(0, frames, _SLAB):
        end = min(start + _SLAB, frames)
        first = max(0, start - _EDGE)
        slab = networks.broad(np.ascontiguousarray(seen[:, :, first : min(end + _EDGE, frames)]))
        found.append(slab[:, :, (start - first) // 2 : (end - first) // 2])
    return np.concatenate(found, axis=2)


def p808(networks: Networks, samples: np.ndarray, seconds: list[int]) -> np.ndarray:
    """Scores of P.808, float32 of [windows, 1].

    Mel spectrograms as librosa makes them, from the frames that windows share; only the first and
    the last of a window see zeros beyond it.
    """
    size, bands = 2 * HOP + 1, 120
    start, end = seconds[0] * RATE, seconds[-1] * RATE + WINDOW
    inner = mel_power(framed(samples[start:end], size, HOP), RATE, bands)  # frame k + 1 is k here
    ends = np.zeros((2 * len(seconds), size), np.float32)
    for k, second in enumerate(seconds):
        piece = samples[second * RATE : second * RATE + WINDOW - HOP]
        ends[2 * k, HOP:] = piece[: HOP + 1]
        ends[2 * k + 1, : 2 * HOP] = piece[-2 * HOP :]
    outer = mel_power(ends, RATE, bands)
    found = []
    for k, second in enumerate(seconds):
        at = STEP * (second - seconds[0])
        power = np.concatenate(
            [outer[2 * k : 2 * k + 1], inner[at : at + FRAMES - 2], outer[2 * k + 1 : 2 * k + 2]]
        )
        found.append(networks.p808(((_decibel(power) + 40) / 40)[None]))
    return np.concatenate(found)


def _decibel(power: np.ndarray) -> np.ndarray:
    """Decibels below the loudest, 80 at most: librosa's power_to_db with ref=np.max."""
    level = 10 * np.log10(np.maximum(power, 1e-10))
    level -= 10 * np.log10(max(float(power.max()), 1e-10))
    return np.maximum(level, level.max() - 80)
