"""Decoding by circuits that are made for it (NVDEC, Quick Sync, VideoToolbox), where there are any.

Standards say what a decoder gives to the bit; what differs, by a level or two, is how its colours
become red, green and blue. Only motion vectors are not told, so what asks for those is decoded by
the processor. PyAV fetches whole frames; torchcodec's and decord's are made smaller on the card.
"""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable
from typing import Any

from tamis.accelerator import accelerators
from tamis.errors import SettingError
from tamis.media import container as containers

DEVICES = (
    "cuda", "qsv", "vaapi", "videotoolbox", "d3d11va", "d3d12va", "dxva2", "vdpau", "vulkan", "amf",
)  # fmt: skip
"""ffmpeg's names for devices that decode, in the order in which "auto" asks for them."""

_log = logging.getLogger(__name__)


def check(hwaccel: str | None) -> None:
    """A `SettingError` for a device that there is not."""
    if hwaccel not in (None, "auto", *DEVICES):
        raise SettingError(f'hwaccel={hwaccel!r}: None, "auto" or one of {", ".join(DEVICES)}')


@functools.cache
def usable(hwaccel: str, codec: str, isolated: bool, reader: str) -> str | None:
    """The device that decodes a codec in this process; None, and why in the log, if none does.

    `codec` is ffmpeg's name of it. Processes of the sandbox reach no device; decord and torchcodec
    know NVDEC alone, and whether they were built for it shows when they open a video.
    """
    if isolated:
        reason = "the process of its own that decodes reaches no device; pass isolate=False"
    elif reader != "pyav":
        if hwaccel not in ("auto", "cuda"):
            reason = f'{reader} decodes by "cuda" (NVDEC) and by no {hwaccel}'
        elif not accelerators().devices:
            reason = f"cuda: {accelerators().why or 'no GPU is there'}"
        else:
            return "cuda"
    else:
        reason = ""
        for name in DEVICES if hwaccel == "auto" else (hwaccel,):
            refused = _refused(name, codec)
            if refused is None:
                return name
            reason = reason or refused
    _log.warning("hwaccel=%r: %s is decoded by the processor: %s", hwaccel, codec, reason)
    return None


@functools.cache
def gave_up(name: str, codec: str, reader: str) -> Callable[[object], None]:
    """What notes, for the first of such videos, why a device that was tried does not decode it."""
    said: list[object] = []

    def note(why: object) -> None:
        if not said:
            said.append(why)
            lines = str(why).strip().splitlines() or [type(why).__name__]
            told = f"{reader}: {lines[-1][:200]}"
            _log.warning("hwaccel=%r: %s is decoded by the processor: %s", name, codec, told)

    return note


def _refused(name: str, codec: str) -> str | None:
    """Why a device does not decode a codec here, None if it does."""
    av = containers.needed("video")
    parts: Any = importlib.import_module("av.codec.hwaccel")
    if name not in parts.hwdevices_available():
        return f"this ffmpeg knows no {name}"
    try:
        parts.HWAccel(name).create(av.codec.Codec(codec, "r"))
    except (av.FFmpegError, NotImplementedError, ValueError, OSError) as error:
        return f"{name}: {getattr(error, 'strerror', None) or error}"
    return None


def accelerator(name: str) -> Any:
    """What PyAV is to be opened with; what the device cannot decode, the processor does."""
    return importlib.import_module("av.codec.hwaccel").HWAccel(name, allow_software_fallback=True)
