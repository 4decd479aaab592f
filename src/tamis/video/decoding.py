"""Frames as the decoder gives them, with their times: those of a part, or only keyframes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media import container as containers
from tamis.media.reader import Reader
from tamis.video import hardware
from tamis.video.ends import cut_off
from tamis.video.formats import Header
from tamis.video.header import EXTRA, opened

EPSILON = 5e-4  # seconds by which times may differ and be the same: containers round to 1 ms
_NEAR = 1.0  # seconds that are decoded rather than sought


class Tally:
    """What went wrong: `lost` packets that gave no picture, frames that are `damaged`."""

    def __init__(self) -> None:
        self.lost = self.damaged = 0


def decoded(
    file: Reader, header: Header, start: float = 0.0, end: float | None = None, *,
    keyframes: bool | frozenset[int] = False, vectors: bool = False, tally: Tally | None = None,
    hwaccel: str | None = None,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """Frames with `start` ≤ time < `end` and their times, as PyAV has them.

    `keyframes` decodes only those, or those of them whose packets have these `stamp`s. With
    `vectors` frames have the motion vectors of the codec beside them, where it has such. `hwaccel`
    is a device that decodes. Packets that cannot be decoded are counted and passed over. Raises
    `BadRecord`: `video.empty` where there is no frame, `decode.truncated` where the file ends
    before what its header announces, `decode.corrupt` where nothing could be decoded. What came
    before was good. From a packet on that a device does not decode, the processor does.
    """
    tally = tally or Tally()
    given = (file, header, start, end, keyframes, vectors, tally)
    if hwaccel is None:
        yield from _decoded(*given)
        return
    latest, damaged = None, tally.damaged
    try:
        for latest, frame in _decoded(*given, hwaccel, strict=True):
            yield latest, frame
        return
    except _Refused as refused:
        hardware.gave_up(hwaccel, header.codec, "pyav")(refused)
    tally.lost, tally.damaged = 0, damaged
    for time, frame in _decoded(*given):
        if latest is None or time > latest + EPSILON:
            yield time, frame


class _Refused(Exception):
    """A packet that a device does not decode: damage, or no room on it."""


def _decoded(
    file: Reader, header: Header, start: float, end: float | None,
    keyframes: bool | frozenset[int], vectors: bool, tally: Tally, hwaccel: str | None = None,
    strict: bool = False,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """The same by one decoder; a `strict` one raises `_Refused` at the first lost packet."""
    given, whole = 0, True
    # Each keyframe is decoded by itself: how frames are ordered need not be learned from some.
    options = (("flags2", "+export_mvs"),) if vectors else ()
    with opened(
        file, header.format, decoding=not keyframes, hwaccel=hwaccel, options=options
    ) as (container, stream):  # fmt: skip
        stream.codec_context.skip_frame = "NONKEY" if keyframes else "DEFAULT"
        found = _from(container, stream, file, header, start, keyframes, tally)
        for time, frame in found:
            if strict and tally.lost:
                raise _Refused(f"{tally.lost} packets refused at {time:.3f} s")
            if end is not None and time >= end - EPSILON:
                whole = False
                break
            given += 1
            yield time, frame
    if strict and tally.lost:
        raise _Refused(f"{tally.lost} packets refused at the end")
    if whole and cut_off(file, header.format):
        raise BadRecord("decode.truncated", f"the file ends early, after {given} frames")
    if not given and tally.lost:
        raise BadRecord("decode.corrupt", f"none of {tally.lost} packets could be decoded")
    if not given:
        part = "" if end is None and not start else f" from {start:g} s to {end or 'the end'}"
        raise BadRecord("video.empty", f"it has no frames{part}")


def _from(
    container: Any, stream: Any, file: Reader, header: Header, start: float,
    keyframes: bool | frozenset[int], tally: Tally,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """Frames from a second on. Where the index leads too far, they are decoded from the first."""
    sought = start > _NEAR
    if sought:
        seek(container, stream, header, start)
    found = onward(container, stream, file, header, tally, keyframes)
    one = next(found, None)
    if sought and not keyframes and (one is None or one[0] > start + EPSILON):
        tally.lost = 0
        container.seek(0)
        stream.codec_context.flush_buffers()
        found = onward(container, stream, file, header, tally)
        one = next(found, None)
    if one is not None:
        yield from (
            (time, frame)
            for time, frame in itertools.chain([one], found)
            if time >= start - EPSILON
        )


def seek(container: Any, stream: Any, header: Header, start: float) -> None:
    """Go to the keyframe before a place."""
    at = round((start + header.first) / stream.time_base)
    container.seek(at, stream=stream, backward=True)


def onward(
    container: Any, stream: Any, file: Reader, header: Header, tally: Tally,
    only_keys: bool | frozenset[int] = False,
) -> Iterator[tuple[float, Any]]:  # fmt: skip
    """Frames as they come from here on, with their times."""
    av = containers.needed(EXTRA)
    packets = container.demux(stream)
    if only_keys:  # not all decoders know `skip_frame`: those of VP9 and AV1 do not
        packets = (p for p in packets if not p.size or _wanted(p, only_keys))
    latest, step = -1.0, 1 / header.fps if header.fps else 0.04
    # Fractions reduce what they multiply: the same number at a tenth of the cost.
    up, down = stream.time_base.numerator, stream.time_base.denominator
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            with containers.told(file, EXTRA):
                raise
        if packet is None:
            file.check()
            return
        try:
            frames = alone(stream, packet) if only_keys else packet.decode()
        except av.FFmpegError:
            tally.lost += 1
            file.kept = None  # what a decoder made of damage may show in what it decodes next
            continue
        for frame in frames:
            if frame.is_corrupt:
                tally.damaged += 1
                file.kept = None
            if frame.pts is None and only_keys and packet.dts is not None:
                latest = packet.dts * up / down - header.first
            elif frame.pts is None:  # raw streams in AVI: counted
                latest = latest + step if latest >= 0 else 0.0
            else:
                latest = frame.pts * up / down - header.first
            yield latest, frame


def stamp(packet: Any) -> int | None:
    """When a packet is shown, or else decoded, in the units of its stream."""
    at: int | None = packet.dts if packet.pts is None else packet.pts
    return at


def _wanted(packet: Any, keys: bool | frozenset[int]) -> bool:
    return packet.is_keyframe and (keys is True or not keys or stamp(packet) in keys)


def alone(stream: Any, packet: Any) -> list[Any]:
    """The picture of a keyframe, as if there were no others.

    Given only keyframes, decoders of H.264 wait for what is between them: by the numbers of open
    groups of pictures they would give them out of order, or not at all.
    """
    context = stream.codec_context
    try:
        return [*packet.decode(), *(context.decode(None) if packet.size else ())]
    finally:
        context.flush_buffers()
