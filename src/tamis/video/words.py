"""Frames in four words of 32 bits each, by which the same pictures are found again.

Of each frame they depend on that frame alone, so the words of a video tell those of its parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tamis.video.decoding import EPSILON
from tamis.video.pictures import Pictures

SIDE = 9  # cells of a side
_FLAT = 2.0  # standard deviation of the cells, of 255 levels: what has less says nothing
_LINES = [0, 1, 2, 3, 5, 6, 7, 8]  # of the nine: 8 × 8 differences each way


class Words(NamedTuple):
    """Of each of n frames: `times`, seconds; `words`, uint32 of [n, 4]. `lost` gave no frame."""

    times: np.ndarray
    words: np.ndarray
    damaged: np.ndarray
    lost: int

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.times.nbytes + self.words.nbytes + self.damaged.nbytes

    @property
    def sound(self) -> bool:
        """Whether nothing was damaged or missing."""
        return not self.lost and not self.damaged.any()

    def piece(
        self, start: float, end: float | None, duration: float, *, itself: bool = False
    ) -> Words | None:
        """Those of the frames from `start` to `end`; None where there are none."""
        inside = self.times >= start - EPSILON
        if end is not None:
            inside &= self.times < end - EPSILON
        if not inside.any():
            return None
        return Words(self.times[inside], self.words[inside], self.damaged[inside], self.lost)


class WordLook:
    """A look at each frame of a clip: `at(time, frame)`, then `part(lost)`."""

    def __init__(self) -> None:
        self._picture = Pictures(size=(SIDE, SIDE), grey=True)
        self._fresh()

    def _fresh(self) -> None:
        self._times: list[float] = []
        self._damaged: list[bool] = []
        self._cells = bytearray()

    def at(self, time: float, frame: Any) -> None:
        """Look at the next frame."""
        self._times.append(time)
        self._damaged.append(bool(frame.is_corrupt))
        self._cells += self._picture(frame).tobytes()

    def part(self, lost: int) -> Words:
        """The words of the frames since the last part."""
        cells = np.frombuffer(bytes(self._cells), np.uint8).reshape(-1, SIDE, SIDE)
        found = Words(
            np.array(self._times), frame_words(cells), np.array(self._damaged, bool), lost
        )
        self._fresh()
        return found


def joined(parts: Iterator[Words]) -> Words | None:
    """All parts as one, None where there are none."""
    found = [part for part in parts if len(part.times) or part.lost]
    if not found:
        return None
    times, words, damaged = (np.concatenate([part[k] for part in found]) for k in range(3))
    return Words(times, words, damaged, sum(part.lost for part in found))


def frame_words(grey: np.ndarray) -> np.ndarray:
    """The words of frames, uint8 of [n, 9, 9]: uint32 of [n, 4], all 0 where nothing is told.

    >>> frame_words(np.zeros((1, 9, 9), np.uint8)).tolist()
    [[0, 0, 0, 0]]
    """
    cells = grey.astype(np.int16)
    right = (cells[:, _LINES, 1:] > cells[:, _LINES, :-1]).reshape(len(cells), 64)
    down = (cells[:, 1:, _LINES] > cells[:, :-1, _LINES]).reshape(len(cells), 64)
    packed = np.packbits(np.concatenate([right, down], axis=1), axis=1, bitorder="little")
    words = packed.view("<u4").astype(np.uint32)
    words[grey.reshape(len(grey), -1).std(axis=1) < _FLAT] = 0
    return words
