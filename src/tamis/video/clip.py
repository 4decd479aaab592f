"""An opened video: a file or a part of one, none of it decoded yet."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media.columns import Pointer
from tamis.media.pointers import Media
from tamis.video import apart, hardware, readers
from tamis.video.formats import INDEXED, Header
from tamis.video.frames import Frames
from tamis.video.packets import Packets, joined

TOLERANCE = 0.1  # seconds that `end` may lie beyond the end: lists round


class Clip:
    """The video of one row: `start` to `end` seconds of a file, or all of it (`end` is None then).

    Seconds are counted from the first frame of the file. `isolated` says that it is decoded in a
    process of its own.
    """

    def __init__(
        self, media: Media, row: int, header: Header, start: float | None = None,
        end: float | None = None, isolated: bool = True,
    ) -> None:  # fmt: skip
        self.header = header
        self.start, self.end = _span(header, start, end)
        self._media, self._row, self._isolated = media, row, isolated

    @property
    def place(self) -> str:
        """Where its bytes are, in words."""
        return self._media.place(self._row)

    @functools.cached_property
    def key(self) -> Hashable:
        """What tells its video from others."""
        return self._media.key(self._row)

    @property
    def told(self) -> float:
        """Seconds of the part by the header, 0 where it does not say."""
        until = self.header.duration if self.end is None else self.end
        return 0.0 if until is None else until - self.start

    @functools.cached_property
    def duration(self) -> float:
        """Seconds of the part, by the header; the packets are counted where it does not say."""
        whole = self.header.duration
        if self.end is not None and (whole is None or self.end <= whole):
            return self.end - self.start
        return (self.packets().ends if whole is None else whole) - self.start

    def frames(
        self, *, fps: float | None = None, times: tuple[float, ...] | None = None,
        short_side: int | None = 256, size: tuple[int, int] | None = None, grey: bool = False,
        keyframes: bool = False, block: int = 32, reader: str = "pyav",
        hwaccel: str | None = None, most: int | None = None,
    ) -> Iterator[Frames]:  # fmt: skip
        """Frames in their order, at most `block` at a time: every one of them unless told.

        With `fps` those shown at `start`, `start + 1/fps`, …, with `times` those shown at these
        seconds of the file. Pixels are reduced to `short_side` on the shorter side, or to `size`
        (height, width), None: neither; smaller frames stay as they are. `keyframes` are all that
        the packets tell, or at most `most` of those that the container lists, evenly spread. Raises
        `BadRecord` where the data ends early; what came before was good.

        `reader` is "pyav", or "decord" or "torchcodec" (`tamis.video.readers`), which give the same
        pixels; they take neither `size` nor `grey` nor `keyframes`. `hwaccel` is a device that
        decodes ("auto": any; `tamis.video.hardware`), or the processor where there is none.
        """
        readers.check(reader)
        if fps is not None and not (fps > 0 and math.isfinite(fps)):
            raise SettingError(f"fps={fps}: more than 0 frames a second")
        if short_side is not None and short_side < 1:
            raise SettingError(f"short_side={short_side}: at least 1 pixel")
        hardware.check(hwaccel)
        asked: dict[str, Any] = {"fps": fps, "times": times, "short_side": short_side}
        if reader == "pyav":
            asked |= {"size": size, "grey": grey, "keyframes": keyframes, "block": block}
            asked |= {} if most is None else {"most": most}
        elif size is not None or grey or keyframes:
            raise SettingError(f"reader={reader!r} takes neither size nor grey nor keyframes")
        if hwaccel is not None:
            codec = self.header.codec
            asked["hwaccel"] = hardware.usable(hwaccel, codec, self._isolated, reader)
        return self.parts("frames", reader=reader, **asked)

    def part(self, start: float, end: float | None) -> Clip:
        """Another part of the same file."""
        return Clip(self._media, self._row, self.header, start, end, self._isolated)

    def packets(self) -> Packets:
        """When the frames of the part are shown, and which are keyframes; nothing is decoded.

        Clips of one file share all its packets; of remote ones only those of the clip are read.
        """
        pointer = self._media.pointers[self._row]
        far = isinstance(pointer, Pointer) and not pointer.local
        if far and self.header.format in INDEXED and (self.start or self.end is not None):
            return joined(self.parts("packets")).between(self.start, self.end)
        whole = self._media.once(
            "packets", self._row, lambda: joined(self.all_parts("packets"))
        )  # fmt: skip
        return whole.between(self.start, self.end)

    def parts(self, work: str, **settings: Any) -> Iterator[Any]:
        """What a piece of work of `tamis.video.apart.WORK` gives for the part, bit by bit."""
        return self.all_parts(work, start=self.start, end=self.end, **settings)

    def all_parts(self, work: str, **settings: Any) -> Iterator[Any]:
        """What such a piece of work gives for the whole file."""
        with self.at_hand() as ask:
            yield from ask(work, **settings)

    @contextlib.contextmanager
    def at_hand(self) -> Iterator[apart.Ask]:
        """`ask(work, **settings)` is `all_parts`, of a file fetched once for all who ask."""
        try:
            with apart.at_hand(self._media, self._row, self.header, self._isolated) as ask:
                yield lambda work, **settings: self._placed(ask(work, **settings))
        except BadRecord as bad:
            raise self._told(bad) from None

    def _placed(self, parts: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from parts
        except BadRecord as bad:
            raise self._told(bad) from None

    def _told(self, bad: BadRecord) -> BadRecord:
        told = bad.detail.startswith(f"{self.place}: ")
        return bad if told else BadRecord(bad.code, f"{self.place}: {bad.detail}")


def together(parts: Iterator[Frames]) -> Frames | None:
    """All frames of some blocks as one value, None where there are none."""
    found = list(parts)
    if len(found) < 2:
        return found[0] if found else None
    return Frames(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _span(header: Header, start: float | None, end: float | None) -> tuple[float, float | None]:
    for name, value in (("start", start), ("end", end)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise BadRecord("video.span", f"{name}={value} is not a number of seconds from 0 on")
    first, whole = start or 0.0, header.duration
    told = "" if whole is None else f", the video has {whole:.3f} s"
    if end is not None and end <= first:
        raise BadRecord("video.span", f"start={first:g} and end={end:g}")
    if whole is not None and ((first and first >= whole) or (end or 0.0) > whole + TOLERANCE):
        last = "" if end is None else f" and end={end:g}"
        raise BadRecord("video.span", f"start={first:g}{last}{told}")
    return first, end
