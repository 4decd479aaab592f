"""Decoding by circuits that are made for it (NVDEC, Quick Sync, VideoToolbox), where there are any.

Frames come back into memory. Standards say what a decoder gives to the bit, so they are the same;
only motion vectors are not told, so what asks for those is decoded by the processor.
"""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any

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
def usable(hwaccel: str, codec: str, isolated: bool) -> str | None:
    """The device that decodes a codec in this process; None, and why in the log, if none does.

    `codec` is ffmpeg's name of it. Processes of the sandbox reach no device.
    """
    if isolated:
        reason = "the process of its own that decodes reaches no device; pass isolate=False"
    else:
        reason = ""
        for name in DEVICES if hwaccel == "auto" else (hwaccel,):
            refused = _refused(name, codec)
            if refused is None:
                return name
            reason = reason or refused
    _log.warning("hwaccel=%r: %s is decoded by the processor: %s", hwaccel, codec, reason)
    return None


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
