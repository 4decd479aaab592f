"""Clips cut at any frame: the pictures are decoded and encoded anew, sound is copied."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
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
from tamis.video.encoders import Encoding
from tamis.video.stream_copy import short


def reencoded(
    av: Any, container: Any, format: str, start: float, end: float | None, how: Encoding, *,
    sound: bool = True, size: int | None = None,
) -> Clip:  # fmt: skip
    """The frames from `start` to before `end` as a file of its own; raises `BadRecord`.

    Times of frames stay as they are, also uneven ones. Frames are upright, of 8 bits and 4:2:0,
    with an even number of columns and rows (an odd one loses its last); `size` brings the shorter
    side down to that many pixels. Sound is copied in whole packets, or encoded where the container
    cannot hold its codec.
    """
    pictures, heard = tracks(container, sound)
    streams = [pictures] if heard is None else [pictures, heard]
    spoken = None if heard is None else short(heard.codec_context.name)
    out = Out(av, container_for(how.format, spoken, format))
    making = _Making(av, pictures, heard, out, how, size)
    one_thread(pictures)
    stop = math.inf if end is None else end
    done = [False, heard is None]
    for packet in from_keyframe(container, streams, max(start, 0.0)):
        if packet.stream is heard:
            done[1] = not making.hear(packet, max(start, 0.0), stop)
        elif not done[0]:
            for frame in packet.decode():
                time = _time(frame, pictures)
                if time >= stop - SLACK:
                    done[0] = True
                    break
                if time >= start - SLACK:
                    making.draw(frame, time)
        elif seconds_of(packet, pictures) > stop + 2.0:  # no more sound near here
            break
        if all(done):
            break
    if not done[0]:
        for frame in pictures.codec_context.decode(None):
            time = _time(frame, pictures)
            if start - SLACK <= time < stop - SLACK:
                making.draw(frame, time)
    return making.close()


def decoded_between(container: Any, start: float, end: float | None) -> Iterator[tuple[Any, float]]:
    """Frames of a part of a video and their times, decoded from the keyframe before it on."""
    pictures, _ = tracks(container, False)
    one_thread(pictures)
    stop = math.inf if end is None else end
    packets = from_keyframe(container, [pictures], max(start, 0.0))
    for packet in packets:
        for frame in packet.decode():
            time = _time(frame, pictures)
            if time >= stop - SLACK:
                return
            if time >= start - SLACK:
                yield frame, time
    for frame in pictures.codec_context.decode(None):
        time = _time(frame, pictures)
        if start - SLACK <= time < stop - SLACK:
            yield frame, time


def one_thread(pictures: Any) -> None:
    """Decode on this thread alone: tasks are what runs at once."""
    if not pictures.codec_context.is_open:
        pictures.codec_context.thread_count = 1


def _time(frame: Any, pictures: Any) -> float:
    if frame.pts is None:
        raise BadRecord("decode.corrupt", "a frame does not say its time")
    return float((frame.pts - zero(pictures)) * pictures.time_base)


class _Making:
    """A clip on its way: frames and packets of sound, in order."""

    def __init__(
        self, av: Any, pictures: Any, heard: Any, out: Out, how: Encoding, size: int | None
    ) -> None:
        self.av, self.pictures, self.heard, self.out, self.how = av, pictures, heard, out, how
        self.size = size
        self.stream: Any = None
        self.graph: Any = None
        self.copy: Any = None
        self.origin: int | None = None
        self.first, self.last, self.length = 0.0, 0.0, 0.0
        self.frames = self.heard_packets = 0
        self.waiting: list[Any] = []  # sound from before the first frame

    def draw(self, frame: Any, time: float) -> None:
        """Encode a frame."""
        if self.stream is None:
            self._begin(frame, time)
        assert self.origin is not None
        self.last, self.frames = time, self.frames + 1
        if frame.duration:
            self.length = float(frame.duration * self.pictures.time_base)
        at = frame.pts - self.origin
        self.graph.push(frame)
        made = self.graph.pull()
        made.pts, made.time_base = at, self.pictures.time_base
        made.pict_type = 0  # the encoder decides which are keyframes, not the source
        self._mux(self.stream.encode(made))

    def hear(self, packet: Any, start: float, stop: float) -> bool:
        """Copy a packet of sound; whether more are wanted."""
        time = seconds_of(packet, self.pictures)
        if time >= stop - SLACK:
            return False
        length = float((packet.duration or 0) * packet.time_base)
        begun = time + length if self.out.format == "mp4" else time + length / 2
        if begun <= start + SLACK:
            return True
        if self.stream is None:
            self.waiting.append(packet)
        else:
            self._copy(packet)
        return True

    def close(self) -> Clip:
        """The clip; `BadRecord` where there was no frame."""
        if self.stream is None:
            raise BadRecord("video.span", "there is no frame between `start` and `end`")
        self._mux(self.stream.encode(None))
        context = self.stream.codec_context
        data = self.out.close()
        return Clip(
            data, EXTENSIONS[self.out.format], self.first, self.last + self.length, self.frames,
            context.width, context.height, self.how.format, self.heard_packets > 0,
        )  # fmt: skip

    def _begin(self, frame: Any, time: float) -> None:
        self.origin, self.first = frame.pts, time
        rate = self.pictures.average_rate or self.pictures.guessed_rate or Fraction(25)
        self.length = float(1 / rate)
        self.graph, width, height = upright(self.av, frame, self.pictures, self.size)
        stream = self.out.container.add_stream(
            self.how.encoder, rate=rate, options=dict(self.how.options)
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context, source = stream.codec_context, self.pictures.codec_context
        context.time_base = self.pictures.time_base
        context.thread_count = 1  # how many there are would show in the bytes
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(context, name, getattr(source, name))
        if not rotated(frame) % 180 and source.sample_aspect_ratio:
            context.sample_aspect_ratio = source.sample_aspect_ratio
        self.stream = stream
        if self.heard is not None:
            self.copy = self.out.container.add_stream_from_template(self.heard, opaque=True)
        for packet in self.waiting:
            self._copy(packet)
        self.waiting = []

    def _copy(self, packet: Any) -> None:
        shown = self.origin * self.pictures.time_base
        origin = int(shown / self.heard.time_base)
        if packet.pts is not None:
            packet.pts -= origin
        if packet.dts is not None:
            packet.dts -= origin
        packet.stream = self.copy
        self.heard_packets += 1
        self.out.container.mux_one(packet)

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            self.out.container.mux_one(packet)


def upright(av: Any, frame: Any, pictures: Any, size: int | None) -> tuple[Any, int, int]:
    """A graph of filters that gives frames as they are to be seen; width and height."""
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=pictures.time_base
    )
    width, height, turn = frame.width, frame.height, rotated(frame)
    for _ in range(turn // 90 if turn in (90, 180, 270) else 0):
        node = graph.add("transpose", "cclock")
        last.link_to(node)
        last, width, height = node, height, width
    wide, tall = width, height
    if size is not None and min(width, height) > size:
        factor = size / min(width, height)
        wide, tall = round(width * factor), round(height * factor)
        wide, tall = max(2, wide - wide % 2), max(2, tall - tall % 2)
        node = graph.add("scale", f"{wide}:{tall}:flags=area")
        last.link_to(node)
        last = node
    elif width % 2 or height % 2:
        wide, tall = max(2, width - width % 2), max(2, height - height % 2)
        kind = "crop" if min(width, height) > 1 else "scale"
        node = graph.add(kind, f"{wide}:{tall}:0:0" if kind == "crop" else f"{wide}:{tall}")
        last.link_to(node)
        last = node
    node = graph.add("format", "yuv420p")
    last.link_to(node)
    sink = graph.add("buffersink")
    node.link_to(sink)
    graph.configure()
    return graph, wide, tall


def rotated(frame: Any) -> int:
    """By how many degrees a frame is to be turned counter-clockwise to be upright, 0 to 359."""
    return int(getattr(frame, "rotation", 0) or 0) % 360
