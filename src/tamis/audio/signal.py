"""The view that measures of samples pick from: one pass over a recording, block by block."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tamis.audio.recording import Recording
from tamis.codes import BadRecord
from tamis.kernels import sound, spectrum, weighting
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS
from tamis.op import view

CLIPPED = 0.999  # of full scale: the last 33 of 32,768 levels
FRAMES = 50  # a second, whose energies are kept: 20 ms each
PIECES = 10  # a second, whose weighted energies are kept: loudness is of 400 ms in steps of 100
HOP = 100  # spectra a second
_BLOCK = 30.0  # seconds


class Signal(NamedTuple):
    """What one pass over the samples of a recording has added up.

    Of each channel: `totals` and `squares` of its samples, `peak` the largest magnitude, `clipped`
    how many reach `CLIPPED`; `product` is that of the first two channels. Of their mean: the sums
    of `tamis.kernels.sound.SUMS`, the `energies` (mean squares) of frames of 20 ms, `spectra` many
    power spectra added up in `power`, and the sum of their `flatness`. `loud` are the K-weighted
    mean squares of pieces of 100 ms, added over the channels. Samples that are no finite numbers
    (`nonfinite`) count as 0 in all of these.
    """

    rate: int
    channels: int
    frames: int
    nonfinite: int
    clipped: int
    peak: float
    totals: np.ndarray
    squares: np.ndarray
    product: float
    sums: np.ndarray
    energies: np.ndarray
    loud: np.ndarray
    power: np.ndarray
    spectra: int
    flatness: float

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.energies.nbytes + self.loud.nbytes + 8192


@view(rows=ROWS)
def signal(recording: Decoded[Recording]) -> Decoded[Signal]:
    """Sums over the samples of each recording: levels, loudness, spectrum."""

    def load(row: int) -> Signal:
        one = recording[row]
        if one is None:
            code, _, detail = recording.problems[row].partition(": ")
            raise BadRecord(code, detail)
        return added(one.blocks(_BLOCK), one.rate, one.channels, one.place)

    return Decoded(load, len(recording))


def added(
    blocks: Iterator[np.ndarray], rate: int, channels: int, place: str = "the recording"
) -> Signal:
    """The sums over blocks, float32 of [n, channels], each of whole seconds but the last."""
    total = Pass(rate, channels)
    for block in blocks:
        total.add(block)
    if not total.frames:
        raise BadRecord("audio.empty", f"{place}: it has no samples")
    return total.signal()


class Pass:
    """Sums while the blocks go by."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate, self.channels = rate, channels
        self.frames = self.nonfinite = self.clipped = self.spectra = 0
        self.peak = self.flatness = 0.0
        self.totals, self.squares = np.zeros(channels), np.zeros(channels)
        self.sums, self.moments = np.zeros(len(sound.SUMS)), np.zeros(5)
        self.power = np.zeros(spectrum.BINS * spectrum.LANES)
        self.energies: list[np.ndarray] = []
        self.loud: list[np.ndarray] = []
        self.hop = max(1, rate // HOP)
        self.size = rate // PIECES
        self.states = np.zeros((channels, 4))
        self.before = np.zeros(1, np.float32)  # the sample before a block
        self.ahead = np.zeros(spectrum.SIZE // 2, np.float32)  # samples of spectra to come
        self.settled = np.zeros((self.size, channels), np.float32)  # those that filters begin with

    def add(self, block: np.ndarray) -> None:
        """A block that begins on a whole second."""
        block = self._finite(np.ascontiguousarray(block, np.float32))
        mono = self._mono(block)
        joined = np.concatenate([self.before, mono])
        bounds = _bounds(len(mono), self.rate, FRAMES)
        energies = np.empty(len(bounds) - 2)
        sound.one_channel(joined, bounds, energies, self.sums)
        lengths = np.diff(bounds[:-1].astype(np.float64))
        if not self.frames and not len(lengths):  # shorter than a frame
            energies, lengths = np.array([_energy(mono)]), np.array([len(mono)])
        self.energies.append(energies / np.maximum(lengths, 1))
        self.before = joined[-1:]
        self._spectra(mono)
        self._loudness(block)
        self.frames += len(block)

    def signal(self) -> Signal:
        """What was added up."""
        self._spectra(np.zeros(spectrum.SIZE // 2, np.float32))
        totals, squares = self.totals, self.squares
        if self.channels == 1:
            totals, squares = self.sums[:1], self.sums[1:2]
        elif self.channels == 2:
            totals, squares = self.moments[:2], self.moments[2:4]
        return Signal(
            self.rate, self.channels, self.frames, self.nonfinite, self.clipped, self.peak,
            totals, squares, float(self.moments[4]), self.sums, np.concatenate(self.energies),
            np.concatenate(self.loud), self.power.reshape(spectrum.BINS, -1).sum(axis=1),
            self.spectra, self.flatness,
        )  # fmt: skip

    def _finite(self, block: np.ndarray) -> np.ndarray:
        """The block with zeros for what is no number; levels that reach the end are counted."""
        highest = max(float(block.max()), -float(block.min()))
        if not np.isfinite(highest):
            wrong = ~np.isfinite(block)
            self.nonfinite += int(np.count_nonzero(wrong))
            block = np.where(wrong, np.float32(0), block)
            highest = float(np.abs(block).max())
        self.peak = max(self.peak, highest)
        if highest >= CLIPPED:
            self.clipped += int(np.count_nonzero(np.abs(block) >= np.float32(CLIPPED)))
        return block

    def _mono(self, block: np.ndarray) -> np.ndarray:
        """The mean of the channels; the moments of each are added."""
        if self.channels == 2:
            mono = np.empty(len(block), np.float32)
            sound.two_channels(block.reshape(-1), mono, self.moments)
            return mono
        if self.channels == 1:
            return block[:, 0]  # its sums are those of `one_channel`
        wide = block.astype(np.float64)
        self.totals += wide.sum(axis=0)
        self.squares += np.einsum("ij,ij->j", wide, wide)
        self.moments[4] += float(wide[:, 0] @ wide[:, 1])
        return block.mean(axis=1, dtype=np.float32)

    def _spectra(self, mono: np.ndarray) -> None:
        joined = np.concatenate([self.ahead, mono])
        count = max(0, (len(joined) - spectrum.SIZE) // self.hop + 1)
        if count:
            self.flatness += spectrum.spectra(
                joined, self.hop, count, _window(), *_tables(), self.power
            )
            self.spectra += count
        self.ahead = joined[count * self.hop :]

    def _loudness(self, block: np.ndarray) -> None:
        """Pieces of 100 ms; what is left of one at the end is left out, as BS.1770 has it."""
        even = self.rate % PIECES == 0
        bounds = _bounds(len(block), self.rate, PIECES)[:-1]
        total, one = np.zeros(len(bounds) - 1), np.empty(len(bounds) - 1)
        joined = self._joined(block, len(one)) if even else block
        for channel, weight in enumerate(_weights(self.channels)):
            if not weight or not len(one):
                continue
            if even:
                flat = joined.reshape(-1)[channel:]
                weighting.weighted(
                    flat, self.channels, len(one), self.size, _filters(self.rate), one
                )
            else:
                weighting.weighted_one_by_one(
                    np.ascontiguousarray(block[:, channel]), bounds, _filters(self.rate),
                    self.states[channel], one,
                )  # fmt: skip
            total += weight * one
        self.loud.append(total / np.maximum(np.diff(bounds.astype(np.float64)), 1))

    def _joined(self, block: np.ndarray, pieces: int) -> np.ndarray:
        """The block behind what the filters settle on, and so many zeros that lanes are full."""
        lanes = weighting.LANES
        lacking = max(0, -(-pieces // lanes) * lanes * self.size - len(block))
        after = np.zeros((lacking, self.channels), np.float32)
        joined = np.concatenate([self.settled, block, after])
        self.settled = joined[len(block) : len(block) + self.size]
        return joined


def _energy(mono: np.ndarray) -> float:
    return float(np.square(mono, dtype=np.float64).sum())


def _bounds(count: int, rate: int, second: int) -> np.ndarray:
    """Where parts of 1/`second` s begin that are whole within `count` samples, and the ends."""
    parts = count * second // rate
    whole = np.arange(parts + 1, dtype=np.int64) * rate // second
    return np.append(whole, count).astype(np.uint64)


def _weights(channels: int) -> list[float]:
    """What each channel counts in loudness (BS.1770-4, table 3): of 5.1 the fourth is left out."""
    if channels == 5:
        return [1.0, 1.0, 1.0, 1.41, 1.41]
    return [1.0, 1.0, 1.0, 0.0, 1.41, 1.41] if channels == 6 else [1.0] * channels


@functools.cache
def _filters(rate: int) -> np.ndarray:
    return weighting.coefficients(rate)


@functools.cache
def _window() -> np.ndarray:
    """Blackman-Harris of 512 samples, periodic."""
    turn = 2 * np.pi * np.arange(spectrum.SIZE) / spectrum.SIZE
    found = 0.35875 - 0.48829 * np.cos(turn) + 0.14128 * np.cos(2 * turn)
    return (found - 0.01168 * np.cos(3 * turn)).astype(np.float32)


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return spectrum.tables()
