"""Extensions of files and of members of archives: which are media, which are text."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tamis.errors import SettingError

IMAGES = (
    "jpg", "jpeg", "jfif", "png", "webp", "gif", "tif", "tiff", "bmp", "avif", "heic", "heif",
    "jxl", "jp2", "ppm", "pgm",
)  # fmt: skip
AUDIO = ("wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "wma", "aif", "aiff")
VIDEO = ("mp4", "mkv", "webm", "mov", "avi", "m4v", "mpg", "mpeg", "ogv", "wmv", "flv")
MEDIA = (*IMAGES, *VIDEO, *AUDIO)
TEXTS = ("txt", "caption", "text", "transcript", "cls", "cls2", "class", "label", "tags", "srt",
         "vtt", "md", "html", "xml", "url")  # fmt: skip


PACKED = (".gz", ".zst", ".bz2", ".xz", ".lz4")


def ending(path: str) -> str:
    """The ending that tells what a local file is, or the first file of a folder, packed or not.

    >>> ending("train.JSONL.gz")
    '.jsonl'
    """
    name = path
    if os.path.isdir(path):
        inner = (
            entry
            for _, _, entries in os.walk(path)
            for entry in sorted(entries)
            if not entry.startswith((".", "_"))
        )
        name = next(inner, path)
    for packed in PACKED:
        name = name.removesuffix(packed)
    return os.path.splitext(name)[1].lower()


def checked(name: str, given: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Extensions as a caller gives them, in lower case and without the first dot."""
    if given is None:
        return None
    values = (given,) if isinstance(given, str) else given
    if not isinstance(values, Sequence | set | frozenset) or not all(
        isinstance(value, str) and value.strip(".") and "/" not in value for value in values
    ):
        raise SettingError(f"{name} must be extensions such as 'jpg', found {given!r}")
    return tuple(value.lower().removeprefix(".") for value in values)


def preferred(extensions: Sequence[str], media: tuple[str, ...] | None) -> list[int]:
    """Which of the extensions name the medium of a sample: their places, the best first.

    An extension known whole comes before one known by its end, as `input.jpg` is.

    >>> preferred(["json", "png", "seg.png", "jpg"], None)
    [3, 1, 2]
    """
    rank = {extension: place for place, extension in enumerate(MEDIA if media is None else media)}
    found = []
    for place, extension in enumerate(extensions):
        if extension in rank:
            found.append((0, rank[extension], extension, place))
        elif media is None and extension.rpartition(".")[2] in rank:
            found.append((1, rank[extension.rpartition(".")[2]], extension, place))
    return [place for *_, place in sorted(found)]
