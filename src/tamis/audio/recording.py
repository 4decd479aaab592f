"""An opened recording: a file or a part of one, read block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tamis.audio import apart
from tamis.audio.decode import rechunked, stream
from tamis.audio.formats import Header
from tamis.audio.resampling import resampled
from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media.pointers import Media

TOLERANCE = 0.1  # seconds that `end` may lie beyond the end: lists round, decoders pad
SECONDS = 30.0  # of a block
_NUMBERS = 1 << 24  # of a block of many channels


class Recording:
    """The sound of one row, none of it decoded yet: `start` to `end` of a file, or all of it.

    `rate` is in Hz, `channels` are those that `blocks` gives, `frames` and `duration` (seconds)
    those of the part, `start` (seconds) where it begins in the file. The number of frames is that
    of the header; in formats that do not say it, it is an estimate (`Header.slack`).
    """

    def __init__(
        self,
        media: Media,
        row: int,
        header: Header,
        start: float | None = None,
        end: float | None = None,
        channel: int | None = None,
        isolated: bool = False,
    ) -> None:
        self.header, self.rate = header, header.rate
        if channel is not None and not 0 <= channel < header.channels:
            detail = f"channel={channel}, the recording has {header.channels} from 0 on"
            raise BadRecord("audio.channel", detail)
        self.channel = channel
        self.channels = header.channels if channel is None else 1
        self._first, self._stop = _span(header, start, end)
        self.start = self._first / self.rate
        self.frames = (header.frames if self._stop is None else self._stop) - self._first
        self.duration = self.frames / self.rate
        self._media, self._row, self._isolated = media, row, isolated

    @property
    def place(self) -> str:
        """Where its bytes are, in words."""
        return self._media.place(self._row)

    def blocks(self, seconds: float = SECONDS) -> Iterator[np.ndarray]:
        """Samples at the recording's own rate, float32 of [n, channels], full scale at 1.

        At most `seconds` at a time, fewer where there are very many channels. Raises `BadRecord`
        where the data is damaged or ends early; what came before was good.
        """
        try:
            most = max(1, _NUMBERS // (self.rate * self.channels))  # whole seconds
            yield from self._blocks(max(1, int(min(seconds, most) * self.rate)))
        except BadRecord as bad:
            raise BadRecord(bad.code, f"{self.place}: {bad.detail}") from None

    def mono(self, rate: int = 16_000, seconds: float = SECONDS) -> Iterator[np.ndarray]:
        """The mean of the channels at `rate` Hz, float32 of [n], at most `seconds` at a time.

        It is resampled by soxr at its quality HQ, as one stream.
        """
        size = max(1, int(seconds * rate))
        mixed = (mean(block) for block in self.blocks(seconds))
        if rate == self.rate:
            return mixed
        return rechunked(resampled(mixed, self.rate, rate), size)

    def _blocks(self, size: int) -> Iterator[np.ndarray]:
        given, media, row = 0, self._media, self._row
        stop = self._stop
        if stop is None and self.header.slack is not None:
            stop = self.header.frames  # decoders may add what the encoder had filled up
        if self._isolated:
            found = apart.blocks(media, row, self.header, self._first, stop)
            found = rechunked(found, size)
        else:
            found = stream(media.open(row), self.header, self._first, stop, size)
        for block in found:
            given += len(block)
            yield block if self.channel is None else block[:, self.channel : self.channel + 1]
        if self.header.slack is not None and given + self.header.slack < self.frames:
            detail = f"{given} of {self.frames} frames that the header announces"
            raise BadRecord("decode.truncated", detail)


def mean(block: np.ndarray) -> np.ndarray:
    """One channel of several: their mean, float32 of [n]."""
    if block.shape[1] == 1:
        return block[:, 0]
    if block.shape[1] == 2:
        return (block[:, 0] + block[:, 1]) * np.float32(0.5)
    return block.mean(axis=1, dtype=np.float32)


def whole(parts: Iterator[np.ndarray]) -> np.ndarray:
    """All blocks as one array."""
    found = list(parts)
    return found[0] if len(found) == 1 else np.concatenate(found)


def _span(header: Header, start: float | None, end: float | None) -> tuple[int, int | None]:
    """The first frame of a part and the one after its last; None: to the end."""
    for name, value in (("start", start), ("end", end)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise BadRecord("audio.span", f"{name}={value} is not a number of seconds from 0 on")
    first = round((start or 0.0) * header.rate)
    if end is None:
        stop = None
        if first and first >= header.frames:
            raise BadRecord("audio.span", f"start={start}, {_length(header)}")
        return first, stop
    stop = round(end * header.rate)
    if stop <= first:
        raise BadRecord("audio.span", f"start={start or 0:g} and end={end:g}")
    over = stop - header.frames
    known = header.slack is not None
    if (known and over > TOLERANCE * header.rate) or first >= header.frames:
        raise BadRecord("audio.span", f"start={start or 0:g} and end={end:g}, {_length(header)}")
    return first, min(stop, header.frames) if known else stop


def _length(header: Header) -> str:
    return f"the recording has {header.duration:.3f} s"


def checked_channel(channel: int | None) -> None:
    """A `SettingError` for a channel that no recording can have."""
    if channel is not None and channel < 0:
        raise SettingError(f"channel={channel}: channels are counted from 0, None takes their mean")
