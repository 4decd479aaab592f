"""Voices in short windows as vectors: how the models of speakers see a recording."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from tamis.audio.computed import Streams, together
from tamis.audio.mel import framed, mel_power
from tamis.audio.overlapping import windows
from tamis.codes import BadRecord
from tamis.media.ahead import beside

QUIET = 10 ** (-30 / 20)  # of full scale: what quieter recordings are raised to (resemblyzer)


class SpeakerModel(Protocol):
    """A loaded model. It sees windows of `size` samples at `rate` Hz, one every `step` samples.

    The first begins `before` samples before the recording (there are zeros). `level` is the root
    mean square to which quieter recordings are raised, 0 for none.
    """

    rate: int
    size: int
    step: int
    before: int
    level: float

    def prepare(self, samples: np.ndarray, gain: float) -> np.ndarray:
        """What the network sees of a window."""
        ...

    def compute(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """A vector of length 1 for each, float32 of [windows, width]."""
        ...

    def count(self, samples: int) -> int:
        """How many windows a recording of so many samples has."""
        ...


class Voices(NamedTuple):
    """The windows of a recording: their middles in seconds, their vectors [windows, width]."""

    middles: np.ndarray
    vectors: np.ndarray

    def mean(self) -> np.ndarray:
        """The mean of the vectors, brought to length 1."""
        whole = self.vectors.mean(axis=0)
        length = float(np.linalg.norm(whole))
        return whole / length if length else whole


def voicing(
    batch: int,
) -> Callable[[SpeakerModel, Streams, list[int]], Iterator[tuple[int, Voices | None]]]:
    """A function for `Computed`: the voices of rows; windows of several rows go together."""

    def run(
        model: SpeakerModel, streams: Streams, rows: list[int]
    ) -> Iterator[tuple[int, Voices | None]]:
        found: dict[int, list[np.ndarray]] = {row: [] for row in rows}
        for waiting, done in beside(_windows(model, streams, rows, batch)):
            if waiting:
                pieces = [piece for _, piece in waiting]
                vectors = together(model, pieces, lambda part: list(model.compute(pieces[part])))  # noqa: B023
                for (row, _), vector in zip(waiting, vectors, strict=True):
                    found[row].append(vector)
            yield from _finished(model, found, done)

    return run


def _windows(
    model: SpeakerModel, streams: Streams, rows: list[int], batch: int
) -> Iterator[tuple[list[tuple[int, np.ndarray]], list[int]]]:
    """Windows that are computed together, and the rows of which there are no more behind them."""
    waiting: list[tuple[int, np.ndarray]] = []
    done: list[int] = []
    for row in rows:
        try:
            for piece in _pieces(model, streams, row):
                waiting.append((row, piece))
                if len(waiting) == batch:
                    yield waiting, done
                    waiting, done = [], []
        except BadRecord as bad:
            streams.problems[row] = f"{bad.code}: {bad.detail}"
        done.append(row)
    yield waiting, done


def _finished(
    model: SpeakerModel, found: dict[int, list[np.ndarray]], done: list[int]
) -> Iterator[tuple[int, Voices | None]]:
    """The rows whose windows are all computed."""
    for row in done:
        vectors = found.pop(row)
        starts = np.arange(len(vectors)) * model.step - model.before
        middles = np.maximum(starts + model.size / 2, 0) / model.rate
        yield row, Voices(middles, np.stack(vectors)) if vectors else None


def _pieces(model: SpeakerModel, streams: Streams, row: int) -> Iterator[np.ndarray]:
    """What the model sees of a row, window by window."""
    total, power = 0, 0.0
    blocks: list[np.ndarray] = []
    for block in streams.blocks(row, model.rate):
        total += len(block)
        power += float(np.dot(block.astype(np.float64), block))
        blocks = [*blocks, block] if total <= 60 * model.rate else []
    if not total:
        return
    level = math.sqrt(power / total)
    gain = max(1.0, model.level / level) if level else 1.0
    count = model.count(total)
    again = blocks or streams.blocks(row, model.rate)  # longer ones are decoded a second time
    padded = itertools.chain(
        [np.zeros(model.before, np.float32)], again, [np.zeros(model.size, np.float32)]
    )
    for _, samples in itertools.islice(windows(padded, model.size, model.step), count):
        yield model.prepare(samples, gain)


class Resemblyzer:
    """The network of the package resemblyzer: three LSTMs over 1.6 s of mel spectrogram.

    Its windows and their number are those of `VoiceEncoder.embed_utterance`: 1.3 a second; the
    last counts if three quarters of it are sound. `there`: `forward` takes samples, and computes
    their spectra where the network is.
    """

    rate = 16_000
    frames, hop, fft, bands = 160, 160, 400, 40
    SPECTRA = (rate, fft, hop, bands)
    size = (frames - 1) * hop + fft
    step = 77 * hop
    before = fft // 2
    level = QUIET

    def __init__(self, forward: Callable[[np.ndarray], np.ndarray], there: bool = False) -> None:
        self.compute_, self.there = forward, there

    def prepare(self, samples: np.ndarray, gain: float) -> np.ndarray:
        """The power in 40 bands, float32 of [160, 40]; or the samples, raised."""
        if self.there:
            return samples * np.float32(gain)
        power = mel_power(framed(samples, self.fft, self.hop), self.rate, self.bands)
        return power * np.float32(gain * gain)

    def compute(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """The vectors of windows."""
        return self.compute_(np.stack(prepared))

    def count(self, samples: int) -> int:
        """As its `compute_partial_slices` counts."""
        frames = math.ceil((samples + 1) / self.hop)
        step = self.step // self.hop
        starts = range(0, max(1, frames - self.frames + step + 1), step)
        covered = (samples - starts[-1] * self.hop) / (self.frames * self.hop)
        return len(starts) - (covered < 0.75 and len(starts) > 1)


class FileModel:
    """A model in a file, over samples or over spectrograms in windows of some seconds.

    `compute_` takes samples [windows, n] or, with `bands`, filter banks as Kaldi makes them
    [windows, frames, bands], the mean of each band taken off. Windows at the end are filled up with
    their own beginning, as speakers' models are trained.
    """

    rate = 16_000
    before = 0
    level = 0.0

    def __init__(
        self, forward: Callable[[np.ndarray], np.ndarray], seconds: float, bands: int | None
    ) -> None:
        self.compute_, self.bands = forward, bands
        self.size = round(seconds * self.rate)
        self.step = self.size // 2

    def prepare(self, samples: np.ndarray, gain: float) -> np.ndarray:
        """Samples, or log power in bands."""
        if self.bands is None:
            return samples
        from tamis.audio.kaldi import fbank

        found = fbank(samples, self.rate, self.bands)
        return found - found.mean(axis=0)

    def compute(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """The vectors of windows, brought to length 1."""
        found = self.compute_(np.stack(prepared)).reshape(len(prepared), -1)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return found / np.where(length == 0, 1, length)

    def count(self, samples: int) -> int:
        """Windows until the recording ends; one that is less than half new is left out."""
        return max(1, 1 + (samples - self.size) // self.step)
