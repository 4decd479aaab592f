"""Videos as exhibits: a few frames side by side, and a small silent preview that plays."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from markupsafe import Markup

from tamis.codes import BadRecord
from tamis.exhibits.form import Exhibit, Form, Source
from tamis.exhibits.picture import encoded

ROWS = 2  # of frames on a film strip
FRAME = 80  # pixels of the long side of a frame on it, at least
SECONDS = 6.0  # of a preview
RATE = 8  # frames of its second
LEAST = 1.0  # seconds: what is shorter shows no more than the strip
GAP = 2  # pixels between frames
CRF = "34"  # libx264's quality of a preview
_VIDEO = frozenset(["mp4", "matroska", "avi", "mpegts", "mpeg", "flv", "wmv", "ogg"])


def make(source: Source, side: int, most: int) -> Exhibit:
    """Frames from all over a clip, evenly spread, and its first seconds to play if they fit."""
    from tamis.video.views import clip_of

    clip = clip_of(source.media, source.row, source.start, source.end)
    across = max(2, min(side // FRAME, 4))
    count = ROWS * across
    rate = count / max(clip.duration, 1e-3)
    pixels = [one for part in clip.frames(fps=rate, short_side=side) for one in part.pixels]
    if not pixels:
        raise BadRecord("video.empty", f"{clip.place}: no frame could be decoded")
    strip = encoded(filmstrip(pixels[:count], across, side), side, most // 3)
    shown = strip._replace(medium="video")
    seconds = min(SECONDS, clip.duration)
    while shown.data and seconds >= LEAST:
        snippet = preview(_beginning(clip, seconds, side), RATE)
        if len(snippet) + len(strip.data) <= most:
            return shown._replace(plays=snippet, plays_as="video/mp4") if snippet else shown
        seconds *= 0.9 * (most - len(strip.data)) / len(snippet)
    return shown


def filmstrip(pictures: Iterable[np.ndarray], across: int, side: int) -> np.ndarray:
    """Frames of one size in rows of `across`, on black, at most about `side` pixels wide."""
    import cv2

    whole = list(pictures)
    height, width = whole[0].shape[:2]
    scale = min(1.0, (side - GAP * (across - 1)) / (across * width))
    wide, tall = max(1, int(width * scale)), max(1, int(height * scale))
    rows = -(-len(whole) // across)
    made = np.zeros((rows * (tall + GAP) - GAP, across * (wide + GAP) - GAP, 3), np.uint8)
    for number, one in enumerate(whole):
        top, left = (number // across) * (tall + GAP), (number % across) * (wide + GAP)
        small = cv2.resize(one, (wide, tall), interpolation=cv2.INTER_AREA)
        made[top : top + tall, left : left + wide] = small
    return made


def preview(pictures: Iterable[np.ndarray], rate: int) -> bytes:
    """Frames as H.264 in MP4, which all browsers play; nothing where that cannot be written."""
    import av

    if "libx264" not in av.codecs_available:
        return b""
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream: Any = None
        for one in pictures:
            height, width = (side // 2 * 2 for side in one.shape[:2])
            if height < 2 or width < 2:
                return b""
            if stream is None:
                stream = container.add_stream("libx264", rate=rate)
                stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
                stream.codec_context.thread_count = 1
                stream.options = {"preset": "veryfast", "crf": CRF}
            cropped = np.ascontiguousarray(one[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cropped, format="rgb24")))
        if stream is None:
            return b""
        container.mux(stream.encode())
    return data.getvalue()


def _beginning(clip: Any, seconds: float, side: int) -> Iterable[np.ndarray]:
    """Frames of the first seconds, at most `side` pixels wide and high."""
    count = int(seconds * RATE)
    times = tuple(clip.start + k / RATE for k in range(count))
    longest = max(clip.header.width, clip.header.height)
    short = min(clip.header.width, clip.header.height) * side // longest
    for part in clip.frames(times=times, short_side=max(2, short)):
        yield from part.pixels


def html(exhibit: Exhibit, picture: str, snippet: str) -> Markup:
    """The film strip, and what plays beneath."""
    shown = Markup('<img class="picture" src="{}" width="{}" height="{}" alt="">').format(
        picture, exhibit.width, exhibit.height
    )
    if not exhibit.plays:
        return shown
    return shown + Markup(
        '<video controls muted loop preload="none" src="{}" width="{}"></video>'
    ).format(snippet, exhibit.width)


def begins(data: bytes) -> bool:
    """Whether bytes look like a video of a format that is read here."""
    from tamis.video.formats import sniff

    if data[4:12] in (b"ftypM4A ", b"ftypM4B "):
        return False  # sound alone
    try:
        return sniff(data) in _VIDEO
    except BadRecord:
        return False


FORM = Form(
    "video", make, html, begins,
    frozenset(["mp4", "mov", "m4v", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "flv", "wmv"]),
    weight=4,
)  # fmt: skip
