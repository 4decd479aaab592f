"""Which encoder makes a format of video here, and with what settings."""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

from tamis.errors import SettingError

# Of each format the encoders in the order in which they are tried; hardware is asked for by name.
FORMATS = {
    "h264": ("libx264", "libopenh264"),
    "hevc": ("libx265",),
    "vp9": ("libvpx-vp9",),
    "av1": ("libsvtav1", "libaom-av1"),
}
_QUALITY = {  # constant quality by default: ffmpeg's own of each encoder, or its guides' for VP9
    "libx264": 23, "libx265": 28, "libvpx-vp9": 31, "libsvtav1": 35, "libaom-av1": 35,
}  # fmt: skip
_NAMED = (
    "h264_nvenc", "hevc_nvenc", "av1_nvenc", "h264_qsv", "h264_vaapi", "hevc_vaapi",
    "h264_videotoolbox", "hevc_videotoolbox", *(e for some in FORMATS.values() for e in some),
)  # fmt: skip
ENCODINGS = ("copy", *FORMATS)


class Encoding(NamedTuple):
    """An encoder by name, the format that it makes, and its options."""

    encoder: str
    format: str
    options: dict[str, str]


def check(encode: str, quality: int | None, preset: str | None) -> None:
    """Refuse what no encoder is for, and what this installation has none for."""
    if encode == "copy":
        if quality is not None or preset is not None:
            raise SettingError("quality and preset are of encoders; encode='copy' decodes nothing")
        return
    if encode not in FORMATS and encode not in _NAMED:
        known = ", ".join(ENCODINGS)
        raise SettingError(f"encode must be one of {known}, or an encoder such as h264_nvenc, "
                           f"found {encode!r}")  # fmt: skip
    if quality is not None and (type(quality) is not int or not 0 <= quality <= 63):
        raise SettingError(f"quality={quality!r} is no constant quality (CRF) from 0 to 63")
    encoding(encode, quality, preset)


def encoding(encode: str, quality: int | None, preset: str | None) -> Encoding:
    """The encoder to use; `SettingError` where there is none for the format."""
    wanted = FORMATS.get(encode, (encode,))
    have = _available()
    name = next((n for n in wanted if n in have), None)
    if name is None:
        others = ", ".join(f for f, names in FORMATS.items() if any(n in have for n in names))
        raise SettingError(
            f"encode={encode!r}: this PyAV has no {' or '.join(wanted)}; it encodes "
            f"{others or 'no format that clips are written in'}, and encode='copy' needs no encoder"
        )
    options: dict[str, str] = {}
    level = _QUALITY.get(name) if quality is None else quality
    if name.endswith("nvenc"):
        options = {} if level is None else {"cq": str(level), "rc": "vbr"}
    elif level is not None:
        options = {"crf": str(level)}
    if name == "libvpx-vp9":
        options |= {"b": "0", "deadline": "good", "cpu-used": preset or "4", "row-mt": "0"}
    elif preset is not None:
        options["preset"] = preset
    if name == "libx265":
        options["x265-params"] = "log-level=error:pools=none:frame-threads=1"
    return Encoding(name, _format_of(name), options)


def _format_of(name: str) -> str:
    known = next((f for f, names in FORMATS.items() if name in names), None)
    return known or name.partition("_")[0]


@functools.cache
def _available() -> frozenset[str]:
    """The encoders of this PyAV."""
    av: Any = importlib.import_module("av")
    return frozenset(n for n in _NAMED if n in av.codecs_available and _encodes(av, n))


def _encodes(av: Any, name: str) -> bool:
    try:
        av.Codec(name, "w")
    except Exception:  # what PyAV raises for it has changed its name more than once
        return False
    return True
