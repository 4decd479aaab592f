"""Whether pictures and videos can be decoded on a card: each decoder is given a small file.

In a process of its own, as a library may be built for CUDA and not work, and one that has asked the
driver must not fork. That a package can be imported says nothing.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tamis.accelerator import accelerators
from tamis.errors import TamisError
from tamis.image.card_decoders import Without, jpeg_decoder
from tamis.video import readers

_SECONDS = 120
SIDE = 256  # pixels of the small video: NVDEC takes none that are much smaller


class Trial(NamedTuple):
    """What decodes, or why nothing does ("" where something does)."""

    decoder: str
    why: str


def decoders_on_card() -> dict[str, Trial]:
    """For "jpeg", and for videos by "pyav", "torchcodec" and "decord": what decodes on a card.

    Where the driver names no device nothing is tried.

    >>> sorted(decoders_on_card())
    ['decord', 'jpeg', 'pyav', 'torchcodec']
    """
    found = accelerators()
    if not found.devices:
        return dict.fromkeys(TRIALS, Trial("", found.why or "no GPU is there"))
    return {name: _apart(name) for name in TRIALS}


@functools.cache
def _apart(name: str) -> Trial:
    """One trial in a process of its own."""
    command = [sys.executable, "-m", "tamis.decoders_on_card", name]
    try:
        made = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Trial("", f"no answer in {_SECONDS} s")
    lines = made.stdout.strip().splitlines()
    if made.returncode or not lines:
        said = made.stderr.strip().splitlines()
        return Trial("", said[-1][:200] if said else f"its process ended with {made.returncode}")
    return Trial(*json.loads(lines[-1]))


def _jpeg() -> str:
    found = jpeg_decoder("cuda")
    if isinstance(found, Without):
        raise TamisError(found.why)
    return found.name


def _pyav() -> str:
    """By its own decoder alone: that of the processor is not allowed to take over."""
    av: Any = importlib.import_module("av")
    parts: Any = importlib.import_module("av.codec.hwaccel")
    if "cuda" not in parts.hwdevices_available():
        raise TamisError("this ffmpeg knows no cuda")
    alone = parts.HWAccel("cuda", allow_software_fallback=False)
    with av.open(io.BytesIO(small_video()), hwaccel=alone) as container:
        _looked_at(next(container.decode(video=0)).to_ndarray(format="rgb24"))
    return "NVDEC by PyAV"


def _reader(name: str) -> str:
    _, at = readers.OPENED[name](small_video(), "cuda")
    _looked_at(np.asarray(at([0]).cpu())[0])
    return f"NVDEC by {name}"


TRIALS: dict[str, Callable[[], str]] = {
    "jpeg": _jpeg,
    "pyav": _pyav,
    **{name: functools.partial(_reader, name) for name in ("torchcodec", "decord")},
}


def _looked_at(pixels: np.ndarray) -> None:
    """The video is grey: another picture is no decoder's."""
    if pixels.shape != (SIDE, SIDE, 3) or abs(float(pixels.mean()) - 128) > 8:
        raise TamisError(f"it makes another picture: {pixels.shape}, mean {pixels.mean():.0f}")


def small_video() -> bytes:
    """Five grey frames in H.264, or in MPEG-4 where this ffmpeg does not write that."""
    av: Any = importlib.import_module("av")
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((SIDE, SIDE, 3), 128, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _told(name: str) -> Trial:
    try:
        return Trial(TRIALS[name](), "")
    except Exception as error:  # whatever a library, or CUDA, has against it
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return Trial("", f"{name}: {lines[0][:200]}")


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        answer = _told(sys.argv[1])
    sys.stdout.write(json.dumps(answer))
