"""Some of the keyframes of a clip, evenly spread: only those are decoded.

Those that a container lists are gone to, and nothing between them is read, which of a remote file
is most of it. Others are found by reading the packets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media import container as containers
from tamis.media.reader import Reader
from tamis.video import iso
from tamis.video.decoding import EPSILON, Tally, alone, decoded, seek, stamp
from tamis.video.ends import cut_off
from tamis.video.formats import Header
from tamis.video.header import EXTRA, opened

_LATE = 4.0  # seconds that a frame is shown after its place in the order of decoding, at most
_FAR = 1 << 40  # a time behind all


def some_keyframes(
    file: Reader, header: Header, start: float, end: float | None, most: int, tally: Tally
) -> Iterator[tuple[float, Any]]:
    """At most `most` of the keyframes from `start` to `end`, and their times.

    Of MP4 and Matroska those that the index lists. Raises `BadRecord` as `decoded` does.
    """
    found = _listed(file, header, start, end, most)
    if found is None:
        wanted = _told(file, header, start, end, most)
        yield from decoded(file, header, start, end, keyframes=wanted or True, tally=tally)
        return
    given = reached = 0
    with opened(file, header.format, decoding=False) as (container, stream):
        stream.codec_context.skip_frame = "NONKEY"
        for packet in _gone_to(container, stream, header, found):
            reached += 1
            try:
                frames = alone(stream, packet)
            except containers.needed(EXTRA).FFmpegError:
                frames, file.kept = [], None
                tally.lost += 1
            file.check()
            for frame in frames[:1]:
                given += 1
                if frame.is_corrupt:
                    tally.damaged += 1
                    file.kept = None
                yield _seconds(stamp(packet), stream, header), frame
    file.check()
    tally.lost += len(found) - reached
    if not given and tally.lost:
        raise BadRecord("decode.corrupt", f"none of {tally.lost} packets could be decoded")
    if not given:  # what is a keyframe to the container is none to the decoder
        raise BadRecord("video.empty", "it has no keyframes there")


def spread(count: int, most: int) -> list[int]:
    """The numbers of `most` things, evenly spread over so many.

    >>> spread(5, 2), spread(2, 5)
    ([0, 2], [0, 1])
    """
    return list(range(count)) if count <= most else [k * count // most for k in range(most)]


Key = tuple[int, int]
"""A keyframe of an index: its time there, and a time that a demuxer is to be sent to for it."""


def _listed(
    file: Reader, header: Header, start: float, end: float | None, most: int
) -> list[Key] | None:
    """The keyframes wanted, by the index; None where there is none, or it is not right."""
    ordered = header.format == "mp4"  # as they are decoded; Matroska has them as they are shown
    if header.format not in ("mp4", "matroska") or cut_off(file, header.format):
        return None
    if ordered and any(True for _ in iso.boxes(file, 0, len(file), b"moof")):
        return None  # in parts, each with a list of its own
    with opened(file, header.format, decoding=False) as (container, stream):
        listed = file.known.get("keyframes")
        if listed is None:
            listed = file.known["keyframes"] = _index(container, stream, header)
        if not listed or (header.frames or 0) == len(listed) > 1:  # not said, so all are listed
            return None

        def shown(key: Key) -> float | None:
            """When it is shown: by its packet where that may be another side of a bound."""
            at = _seconds(key[0], stream, header)
            near = any(at < bound <= at + _LATE for bound in (start, end) if bound)
            if not ordered or not near:
                return at
            packet = next(_gone_to(container, stream, header, [key]), None)
            return None if packet is None else _seconds(stamp(packet), stream, header)

        times = [(shown(key), key) for key in listed]
        last = float("inf") if end is None else end
        if any(time is None for time, _ in times):
            return None
        found = [
            key for time, key in times
            if time is not None and start - EPSILON <= time < last - EPSILON
        ]  # fmt: skip
        chosen = [found[k] for k in spread(len(found), most)]
        for key in chosen[:1]:  # whether the index leads where it says
            if next(_gone_to(container, stream, header, [key]), None) is None:
                return None
        return chosen or None


def _index(container: Any, stream: Any, header: Header) -> list[Key]:
    seek(container, stream, header, 0.0)  # Matroska's index is read then
    keys = [one.timestamp for one in stream.index_entries
            if one.is_keyframe and not one.is_discard]  # fmt: skip
    behind = [*(at - 1 for at in keys[1:]), _FAR] if header.format == "mp4" else keys
    return list(zip(keys, map(max, keys, behind), strict=True))


def _gone_to(container: Any, stream: Any, header: Header, keys: list[Key]) -> Iterator[Any]:
    """The packets of those keyframes to which the index leads."""
    ordered = header.format == "mp4"
    for at, aim in keys:
        container.seek(aim, stream=stream, backward=True)
        packet = next(container.demux(stream), None)
        if packet is None or not packet.is_keyframe or not packet.size:
            continue
        if at == (packet.dts if ordered else packet.pts):
            yield packet


def _told(
    file: Reader, header: Header, start: float, end: float | None, most: int
) -> frozenset[int] | None:
    """The times of the keyframes wanted, in the units of the stream, by the packets."""
    found: list[int] = []
    with opened(file, header.format, decoding=False) as (container, stream):
        if start > 1.0:
            seek(container, stream, header, start)
        packets = container.demux(stream)
        while True:
            with containers.told(file, EXTRA):
                packet = next(packets, None)
            file.check()
            if packet is None:
                break
            if not packet.is_keyframe or not packet.size:
                continue
            at = stamp(packet)
            if at is None:  # nothing tells when: all are decoded
                return None
            time = _seconds(at, stream, header)
            if end is not None and time >= end - EPSILON:
                break
            if time >= start - EPSILON:
                found.append(at)
    return frozenset(found[k] for k in spread(len(found), most))


def _seconds(at: Any, stream: Any, header: Header) -> float:
    base = stream.time_base
    return float(at * base.numerator / base.denominator - header.first)
