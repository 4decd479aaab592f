"""One row of a table made a clip: cut, encoded, with a preview and some of its pictures.

The work is done by another process (`tamis.media.sandbox`), which keeps a video open for the next
clip of it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.media import container as containers
from tamis.media import places, sandbox
from tamis.media.parts import Part
from tamis.media.pieces import Content
from tamis.media.pointers import Media
from tamis.media.served import waited
from tamis.video.clip_container import Clip
from tamis.video.clip_file import Album, Gathered
from tamis.video.encoders import ENCODINGS, check, encoding
from tamis.video.formats import DECODERS, DEMUXERS, HEAD, sniff
from tamis.video.reencode import decoded_between, reencoded, rotated
from tamis.video.stream_copy import stream_copy, untouched

PREVIEWS = ("webp", "gif")
_HEIGHT = 240  # of a preview, and its frames a second: NeMo Curator's
_MOST = 600  # frames of a preview: they are held until the last one is known
_MEMORY = {True: 1 << 30, False: 3 << 30}  # bytes of address space beyond the loaded decoder's:
# to copy packets; to encode, as encoders look ahead at frames of any size
_open: dict[str, Any] = {}


class Cutting(NamedTuple):
    """How clips are made; plain values, `cutting` checks them."""

    encode: str = "copy"
    quality: int | None = None
    preset: str | None = None
    size: int | None = None
    sound: bool = True
    snap: str = "before"
    preview: str | None = None
    preview_fps: float = 1.0
    preview_height: int = _HEIGHT
    frames: float | None = None


class Made(NamedTuple):
    """A clip, its preview as a file, and pictures (JPEG) with their seconds in the clip.

    A clip without bytes is the whole file as it is: it is not held in memory for that. Of more than
    16 MiB the bytes are in a temporary file, and so are those of the pictures.
    """

    clip: Clip
    preview: bytes | None
    pictures: list[tuple[float, Content]]


def cutting(**settings: Any) -> Cutting:
    """The settings, or a `SettingError` that says what is wrong, or which encoder is missing."""
    how = Cutting(**settings)
    check(how.encode, how.quality, how.preset)
    if how.snap not in ("before", "inside"):
        raise SettingError(f"snap must be 'before' or 'inside', found {how.snap!r}")
    if how.size is not None and (type(how.size) is not int or how.size < 16):
        raise SettingError(f"size={how.size!r} is no number of pixels from 16 on")
    if how.encode == "copy" and how.size is not None:
        others = ", ".join(ENCODINGS[1:])
        raise SettingError(f"size needs frames to be encoded anew: encode is one of {others}")
    if how.preview is not None and how.preview not in PREVIEWS:
        raise SettingError(f"preview must be one of {', '.join(PREVIEWS)}, found {how.preview!r}")
    for name in ("preview_fps", "frames"):
        rate = getattr(how, name)
        if rate is not None and not 0 < rate <= 1000:
            raise SettingError(f"{name}={rate!r} is no number of frames a second")
    if type(how.preview_height) is not int or not 16 <= how.preview_height <= 4320:
        raise SettingError(f"preview_height={how.preview_height!r}: pixels from 16 to 4320")
    return how


def clips_of(
    media: Media, rows: Sequence[int], spans: Sequence[tuple[float | None, float | None]],
    how: Cutting, longest: float,
) -> Iterator[Made | BadRecord]:  # fmt: skip
    """The clips of some rows in their order, made by another process.

    `longest` is how many seconds the longest lasts, as far as that is known: what is encoded takes
    its time.
    """
    placing: list[contextlib.ExitStack] = []
    early: list[BadRecord | None] = []
    words: list[str | None] = []

    def items() -> Iterator[tuple[bytes, dict[str, Any]]]:
        for row, (start, end) in zip(rows, spans, strict=True):
            stack = contextlib.ExitStack()
            placing.append(stack)
            try:
                place = stack.enter_context(places.at_hand(media, row))
                early.append(None)
            except BadRecord as bad:
                early.append(bad)
                place = {"path": ""}
            words.append(place.get("word"))
            yield b"", {"place": place, "start": start, "end": end, **how._asdict()}

    timeout = 120.0 if how.encode == "copy" else max(600.0, 60.0 * longest)
    found = sandbox.isolated(
        "tamis.video.clipping:make",
        items(),
        timeout=timeout,
        memory=_MEMORY[how.encode == "copy"],
        preload=("av",),
        excused=lambda: waited(words[0]) if words else 0.0,
    )
    try:
        gathered = Gathered()
        for made in found:
            if isinstance(made, Part):
                gathered.add(made)
                continue
            placing.pop(0).close()
            words.pop(0)
            problem = early.pop(0)
            yield _whole(made, gathered) if problem is None else problem
            gathered = Gathered()
    finally:
        for stack in placing:
            stack.close()


def _whole(made: Made | BadRecord, gathered: Gathered) -> Made | BadRecord:
    """The result with the bytes that came before it, if any did."""
    if isinstance(made, BadRecord):
        return made
    try:
        content = gathered.content()
        pictures = gathered.pictures([data for _, data in made.pictures])
    except BadRecord as bad:
        return bad
    clip = made.clip if content is None else made.clip._replace(data=content)
    times = [time for time, _ in made.pictures]
    return made._replace(clip=clip, pictures=list(zip(times, pictures, strict=True)))


def make(
    data: bytes, *, place: dict[str, Any], start: float | None, end: float | None, **settings: Any
) -> Made:
    """In the other process: the clip of a part of a video."""
    if not place["path"]:
        raise BadRecord("media.missing", "there is no file")
    how, av = Cutting(**settings), containers.needed("video")
    file, container, format = _opened(place)
    first = start or 0.0
    if end is not None and end <= first:
        raise BadRecord("video.span", f"it ends at {end:g} s, before it begins ({first:g} s)")
    try:
        with containers.told(file, "video"):
            if how.encode == "copy" and how.sound and not first and end is None:
                clip = untouched(container)
            elif how.encode == "copy":
                clip = stream_copy(
                    av, container, format, first, end, sound=how.sound,
                    inside=how.snap == "inside",
                )  # fmt: skip
            else:
                by = encoding(how.encode, how.quality, how.preset)
                clip = reencoded(
                    av, container, format, first, end, by, sound=how.sound, size=how.size
                )
            preview, pictures = _shown(container, clip, how)
        file.check()
    except BaseException:
        _open.clear()
        raise
    return Made(clip, preview, pictures)


def _opened(place: dict[str, Any]) -> tuple[Any, Any, str]:
    """A file, its container and its format; the one that was asked for last stays open."""
    key = places.current(place)
    if _open.get("key") != key:
        _open.clear()  # what was open is closed by that
        file = places.found(place)
        format = sniff(file.exactly(0, HEAD), len(file))
        stack = contextlib.ExitStack()
        container = stack.enter_context(
            containers.opened(file, DEMUXERS[format], _decoders(), "video")
        )
        _open.update(key=key, stack=stack, found=(file, container, format))
    found: tuple[Any, Any, str] = _open["found"]
    return found


def _decoders() -> list[str]:
    have = containers.needed("video").codecs_available
    return [name for name in DECODERS if name in have]


def _shown(container: Any, clip: Clip, how: Cutting) -> tuple[bytes | None, list[Any]]:
    """The preview of a clip, and the pictures taken out of it: one decode for both."""
    if how.preview is None and how.frames is None:
        return None, []
    # In one piece: between the large arrays of each frame, small ones would be laid so that what is
    # free could not be used again, and a preview of 0.2 GB take 3.
    small, count = np.empty((0, 0, 0, 3), np.uint8), 0
    length = max(clip.end - clip.start, 1e-3)
    rate = min(how.preview_fps, _MOST / length)
    most = min(_MOST, int(length * rate) + 2)
    times: list[float] = []
    album = Album()
    for frame, time in decoded_between(container, clip.start, clip.end):
        at = time - clip.start
        if how.preview is not None and count < most and at >= count / rate - 1e-4:
            one = _upright(frame, how.preview_height)
            small = small if count else np.empty((most, *one.shape), np.uint8)
            small[count] = one if one.shape == small.shape[1:] else _sized(one, small.shape[1:])
            count += 1
        if how.frames is not None and at >= len(album) / how.frames - 1e-4:
            times.append(round(at, 6))
            album.add(_jpeg(_upright(frame, None)))
    pictures = list(zip(times, album.held, strict=True))
    if how.preview is None:
        return None, pictures
    return _animated(small[:count], how.preview, how.preview_fps), pictures


def _upright(frame: Any, height: int | None) -> np.ndarray:
    """A frame as RGB, turned as it is to be seen, not taller than `height`."""
    turn = rotated(frame)
    tall, wide = (frame.height, frame.width) if turn % 180 == 0 else (frame.width, frame.height)
    if height is not None and tall > height:
        tall, wide = height, max(1, round(wide * height / tall))
    stored = (wide, tall) if turn % 180 == 0 else (tall, wide)
    rgb = frame.reformat(*stored, format="rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, turn // 90))


def _sized(rgb: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A frame of a video that changed its size, of the size that it had."""
    from PIL import Image

    return np.asarray(Image.fromarray(rgb).resize((shape[1], shape[0])))


def _jpeg(rgb: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=92)
    return file.getvalue()


def _animated(frames: Iterable[np.ndarray], format: str, fps: float) -> bytes:
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    file = io.BytesIO()
    more: dict[str, Any] = {"quality": 75, "method": 4} if format == "webp" else {}
    pictures[0].save(
        file, format.upper(), save_all=True, append_images=pictures[1:], loop=0,
        duration=round(1000 / fps), **more,
    )  # fmt: skip
    return file.getvalue()
