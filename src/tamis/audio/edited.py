"""Recordings with edits that are done when their samples are read: louder, without DC, joined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from tamis.audio.recording import Recording
from tamis.audio.transform import amplified, offset, shifted, spaced
from tamis.audio.word_times import listed
from tamis.codes import BadRecord
from tamis.errors import ColumnError

EDITS = (
    "gain_db",
    "remove_dc",
    "sound_parts",
)  # columns that say what is done to the sound of a row
SILENCE = 0.5  # seconds between parts; NeMo Curator's
LOUDEST = 120.0  # decibels: beyond what 20 bits hold


class Edited(Recording):
    """A recording as its edits want it.

    `parts` are spans of seconds, counted from its beginning, that are all there is of it, with half
    a second of silence between them; `remove_dc` takes the mean from each channel, for which it is
    read twice; `gain_db` makes it louder.
    """

    def __init__(
        self, one: Recording, gain_db: float = 0.0, remove_dc: bool = False,
        parts: Sequence[tuple[float, float]] | None = None,
    ) -> None:  # fmt: skip
        self.__dict__.update(one.__dict__)
        if not abs(gain_db) <= LOUDEST:
            raise BadRecord("audio.edit", f"gain_db={gain_db}, at most {LOUDEST:g} either way")
        self.gain_db, self.remove_dc = gain_db, remove_dc
        self.whole, self.parts = one, None if parts is None else [self._part(p) for p in parts]
        self._silence = round(SILENCE * self.rate)
        if self.parts is not None:
            gaps = self._silence * max(0, len(self.parts) - 1)
            self.frames = sum(part.frames for part in self.parts) + gaps
            self.duration = self.frames / self.rate

    def _part(self, part: tuple[float, float]) -> Recording:
        first, last = (self.start + seconds for seconds in part)
        if not 0 <= part[0] < part[1] <= self.duration + 0.1:
            raise BadRecord("audio.edit", f"a part from {part[0]} to {part[1]} s")
        return Recording(
            self._media, self._row, self.header, first, min(last, self.start + self.duration),
            self.channel, self._isolated,
        )  # fmt: skip

    def _blocks(self, size: int) -> Iterator[np.ndarray]:
        found = self._sound(size)
        if self.remove_dc:
            found = shifted(found, offset(self._sound(size)))
        return amplified(found, self.gain_db) if self.gain_db else iter(found)

    def _sound(self, size: int) -> Iterable[np.ndarray]:
        if self.parts is None:
            return self.whole._blocks(size)
        return spaced((part._blocks(size) for part in self.parts), self._silence)


class Edits:
    """The edits of the rows of a partition: columns, None where there is none."""

    def __init__(
        self, rows: int, gain_db: pd.Series | None, remove_dc: pd.Series | None,
        sound_parts: pd.Series | None,
    ) -> None:  # fmt: skip
        self.gains = _numbers(gain_db, rows)
        self.without = _numbers(remove_dc, rows)
        self.parts = [None] * rows if sound_parts is None else listed(sound_parts)

    def wanted(self, row: int) -> bool:
        """Whether anything is to be done to the sound of a row."""
        there = self.parts[row] is not None
        return there or not math.isnan(self.gains[row]) or self.without[row] == 1

    def of(self, row: int, one: Recording) -> Recording:
        """The recording of a row, edited."""
        if not self.wanted(row):
            return one
        parts = self.parts[row]
        gain = 0.0 if math.isnan(self.gains[row]) else float(self.gains[row])
        return Edited(one, gain, self.without[row] == 1, None if parts is None else spans(parts))


def spans(value: object) -> list[tuple[float, float]]:
    """A list of pairs of seconds, or `BadRecord` (`audio.edit`).

    >>> spans([[0, 1.5], (2, 3)])
    [(0.0, 1.5), (2.0, 3.0)]
    """
    try:
        found = [(float(start), float(end)) for start, end in value]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise BadRecord("audio.edit", f"sound_parts={str(value)[:80]!r}") from None
    if not found or not all(math.isfinite(start + end) for start, end in found):
        raise BadRecord("audio.edit", f"sound_parts={str(value)[:80]!r}")
    return found


def _numbers(column: pd.Series | None, rows: int) -> np.ndarray:
    """A column of numbers or booleans as float64, NaN for null."""
    if column is None:
        return np.full(rows, np.nan)
    try:
        return pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ColumnError(f"column {column.name!r} must hold numbers: {error}") from None
