"""Videos made of real photographs: shots that pan, cuts, fades, flashes, black and frozen parts."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import cv2
import numpy as np
from skimage import data

SIZE = (192, 108)  # width and height


@functools.cache
def photographs() -> list[np.ndarray]:
    """RGB photographs that come with scikit-image, large enough to pan over."""
    whole = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    return [cv2.resize(p, (2 * SIZE[0], 2 * SIZE[1]), interpolation=cv2.INTER_AREA) for p in whole]


def shot(kind: int, frames: int, speed: float = 1.0, size=SIZE) -> list[np.ndarray]:
    """A pan over one of the photographs; darker and turned for kinds from 4 on."""
    width, height = size
    whole = photographs()[kind % 4]
    if kind >= 4:
        whole = 255 - whole[::-1]
    whole = cv2.resize(whole, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
    found = []
    for k in range(frames):
        x = int(k * speed) % width
        y = int(k * speed / 3) % height
        found.append(np.ascontiguousarray(whole[y : y + height, x : x + width]))
    return found


def black(frames: int, size=SIZE) -> list[np.ndarray]:
    """Nothing to see."""
    return [np.zeros((size[1], size[0], 3), np.uint8)] * frames


def faded(frames: Sequence[np.ndarray], first: float, last: float) -> list[np.ndarray]:
    """The same, of growing or falling brightness."""
    shares = np.linspace(first, last, len(frames))
    return [(f * s).astype(np.uint8) for f, s in zip(frames, shares, strict=True)]


def film() -> list[np.ndarray]:
    """Twelve seconds at 25 frames a second, of all that detectors are about."""
    flash = [np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)] * 2
    still = shot(3, 1) * 60
    return [
        *shot(0, 40), *shot(1, 30), *shot(2, 5), *shot(4, 25, 3), *faded(shot(5, 20), 1, 0),
        *black(30), *faded(shot(6, 20), 0, 1), *shot(6, 10), *flash, *shot(6, 20),
        *shot(7, 20, 8), *still, *shot(1, 18),
    ]  # fmt: skip


def encoded(
    frames: Sequence[np.ndarray],
    rate: int | Fraction = 25,
    *,
    codec: str = "libx264",
    format: str = "mp4",
    gop: int = 25,
    sound: bool = False,
    options: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    pixels: str = "yuv420p",
) -> bytes:
    """The frames as a file; `times` are those of the frames in units of 1 / rate."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as out:
        stream = out.add_stream(codec, rate=rate, options={"g": str(gop), **(options or {})})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = 1 / Fraction(rate)
        tone = None
        if sound:
            tone = out.add_stream("aac" if format != "webm" else "libopus", rate=48_000)
            tone.layout = "stereo"
        for k, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = k if times is None else times[k]
            frame.time_base = 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        if tone is not None:
            for block in _tone(len(frames) / float(rate)):
                out.mux(tone.encode(block))
            out.mux(tone.encode())
    return file.getvalue()


def _tone(seconds: float) -> Iterator[av.AudioFrame]:
    """A tone that rises by an octave each second, so that any place in it can be told."""
    at = np.arange(int(seconds * 48_000)) / 48_000
    wave = (0.4 * np.sin(2 * np.pi * 220 * np.cumsum(2 ** (at % 4)) / 48_000)).astype(np.float32)
    for start in range(0, len(wave), 1024):
        part = np.ascontiguousarray(np.stack([wave[start : start + 1024]] * 2))
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        yield frame


def numbered(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The same with the number of each in squares along the top: it can be read after encoding."""
    found = []
    for k, frame in enumerate(frames):
        frame = frame.copy()
        for bit in range(10):
            frame[:16, 16 * bit : 16 * bit + 16] = 235 if k >> bit & 1 else 20
        found.append(frame)
    return found


def number_of(frame: np.ndarray, size=SIZE) -> int:
    """The number that `numbered` wrote into a frame, of whatever size it is now."""
    scale = frame.shape[1] / size[0]
    step = 16 * scale
    at = [int(step * bit + step / 2) for bit in range(10)]
    return sum(int(frame[int(step / 2), x].mean() > 128) << bit for bit, x in enumerate(at))
