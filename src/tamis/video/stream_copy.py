"""Clips cut at keyframes: packets are copied as they are, no picture is decoded."""

from __future__ import annotations

import itertools
from typing import Any

from tamis.codes import BadRecord
from tamis.video.clip_container import (
    EXTENSIONS,
    SLACK,
    Clip,
    Out,
    container_for,
    from_keyframe,
    seconds_of,
    tracks,
    zero,
)


def stream_copy(
    av: Any, container: Any, format: str, start: float, end: float | None, *,
    sound: bool = True, inside: bool = False,
) -> Clip:  # fmt: skip
    """The packets of a part of a video as a file of its own; raises `BadRecord`.

    The clip begins with the last keyframe at or before `start`, or (`inside`) with the first one at
    or after it. It ends with the last frame before `end` that does not need one behind it. Of the
    sound those packets are in it that are heard meanwhile.
    """
    pictures, heard = tracks(container, sound)
    streams = [pictures] if heard is None else [pictures, heard]
    packets = from_keyframe(container, streams, max(start, 0.0))
    if inside:
        packets = _from_next(packets, pictures, start, end)
    codec = pictures.codec_context.name
    spoken = None if heard is None else heard.codec_context.name
    out = Out(av, container_for(short(codec), None if spoken is None else short(spoken), format))
    copies = {s: out.container.add_stream_from_template(s, opaque=True) for s in streams}
    whole = _Copying(pictures, heard, copies, out, end)
    for packet in packets:
        if not whole.add(packet):
            break
    data = out.close()
    if not whole.frames or whole.last <= start + SLACK:
        raise BadRecord("video.span", "there is no frame between `start` and `end`")
    context = pictures.codec_context
    return Clip(
        data, EXTENSIONS[out.format], whole.first, whole.last, whole.frames, context.width,
        context.height, short(codec), whole.heard_packets > 0,
    )  # fmt: skip


def untouched(container: Any) -> Clip:
    """What a whole file holds, by its packets; without bytes, since they stay what they are."""
    pictures, _ = tracks(container, False)
    context, times, frames = pictures.codec_context, [0.0], 0
    container.seek(0)
    for packet in container.demux(pictures):
        if packet.size and (packet.pts is not None or packet.dts is not None):
            length = float((packet.duration or 0) * packet.time_base)
            times.append(seconds_of(packet, pictures) + (length or _usual(pictures)))
            frames += 1
    if not frames:
        raise BadRecord("video.empty", "it has no frames")
    return Clip(
        b"", "", 0.0, max(times), frames, context.width, context.height, short(context.name),
        bool(container.streams.audio),
    )  # fmt: skip


class _Copying:
    """Packets on their way into a clip, until it is whole."""

    def __init__(
        self, pictures: Any, heard: Any, copies: dict[Any, Any], out: Out, end: float | None
    ) -> None:
        self.pictures, self.heard, self.copies, self.out = pictures, heard, copies, out
        self.end = float("inf") if end is None else end
        self.first, self.last, self.frames, self.heard_packets = 0.0, 0.0, 0, 0
        self.origin: dict[Any, int] = {}
        self.full = self.silent = False
        self.waiting: list[Any] = []  # packets of sound from before the first frame

    def add(self, packet: Any) -> bool:
        """Take a packet; whether more are wanted."""
        if packet.stream is self.pictures:
            self._picture(packet)
        elif not self.origin:
            self.waiting.append(packet)
        else:
            self._sound(packet)
        return not (self.full and (self.heard is None or self.silent))

    def _picture(self, packet: Any) -> None:
        time = seconds_of(packet, self.pictures)
        if self.full:
            # what comes later in the file only while sound is waited for
            self.silent = self.silent or time > self.end + 2.0
            return
        if not self.origin:
            if not packet.is_keyframe:
                return
            self._begin(packet, time)
        if time >= self.end - SLACK:
            self.full = True
            return
        if time < self.first - SLACK:  # a leading picture of an open group needs what was before
            return
        length = float((packet.duration or 0) * packet.time_base)
        self.last = max(self.last, time + (length or _usual(self.pictures)))
        self.frames += 1
        self._mux(packet)

    def _begin(self, packet: Any, time: float) -> None:
        at = packet.dts if packet.pts is None else packet.pts
        self.first = time
        self.origin[self.pictures] = at
        if self.heard is not None:
            since = (at - zero(self.pictures)) * self.pictures.time_base
            shown = zero(self.pictures) * self.pictures.time_base + since
            self.origin[self.heard] = int(shown / self.heard.time_base)
        for early in self.waiting:
            self._sound(early)
        self.waiting = []

    def _sound(self, packet: Any) -> None:
        time = seconds_of(packet, self.pictures)
        stop = min(self.end, self.last) if self.full else self.end
        length = float((packet.duration or 0) * packet.time_base)
        if time >= stop - SLACK:
            self.silent = True
            return
        # an MP4 says how much of its first packet is not heard; others cannot
        begun = time + length if self.out.format == "mp4" else time + length / 2
        if begun > self.first + SLACK:
            self.heard_packets += 1
            self._mux(packet)

    def _mux(self, packet: Any) -> None:
        origin = self.origin[packet.stream]
        if packet.pts is not None:
            packet.pts -= origin
        if packet.dts is not None:
            packet.dts -= origin
        packet.stream = self.copies[packet.stream]
        self.out.container.mux_one(packet)


def _usual(pictures: Any) -> float:
    """Seconds that a frame is shown, where its packet does not say."""
    rate = pictures.average_rate or pictures.guessed_rate
    return float(1 / rate) if rate else 0.0


def _from_next(packets: Any, pictures: Any, start: float, end: float | None) -> Any:
    """The same from the first keyframe at or after `start` on."""
    early: list[Any] = []
    for packet in packets:
        if packet.stream is not pictures:
            early.append(packet)
            continue
        time = seconds_of(packet, pictures)
        if packet.is_keyframe and time >= start - SLACK:
            if end is not None and time >= end - SLACK:
                break
            near = [p for p in early if _later(p, pictures, time)]
            return itertools.chain(near, [packet], packets)
    raise BadRecord("video.span", "there is no keyframe between `start` and `end`")


def _later(packet: Any, pictures: Any, time: float) -> bool:
    return seconds_of(packet, pictures) > time - 1.0


def short(name: str) -> str:
    """The name of a codec, not of one of its decoders: libdav1d is av1."""
    known = {"libdav1d": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8", "libopus": "opus",
             "libvorbis": "vorbis", "mp3float": "mp3", "libaom-av1": "av1"}  # fmt: skip
    return known.get(name, name)
