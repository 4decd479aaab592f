"""Names of samples and files that are written: from data, but never out of the folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable

from tamis.media.pieces import Content

_LONGEST = 180  # bytes; file systems take 255, and an extension follows
_PARTS = 8  # folders in a name
_ODD = re.compile(r"[^\w\-+=@]+")
_EXTENSION = re.compile(r"[a-z0-9_\-]{1,16}(\.[a-z0-9_\-]{1,16}){0,3}")
_MAGIC = (
    (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF8", "gif"), (b"BM", "bmp"),
    (b"II*\0", "tif"), (b"MM\0*", "tif"), (b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3", "mp3"),
    (b"\x1a\x45\xdf\xa3", "webm"),
)  # fmt: skip
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heif",
           b"M4A ": "m4a", b"qt  ": "mov"}  # fmt: skip


def safe_key(name: str) -> str:
    """A name as the key of a sample: no dots, no way out, nothing that a shell would read.

    >>> safe_key("../../etc/passwd"), safe_key("a.tar:cat 7")
    ('etc/passwd', 'a_tar_cat_7')
    """
    parts = [_ODD.sub("_", part).lstrip("-") for part in name.split("/") if part.strip(". ")]
    key = "/".join([*parts[: _PARTS - 1], "_".join(parts[_PARTS - 1 :])] if (
        len(parts) > _PARTS) else parts)  # fmt: skip
    raw = key.encode("utf-8", "replace")
    if len(raw) > _LONGEST or not key:
        mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        head = raw[: _LONGEST - 20].decode("utf-8", "ignore").rstrip("/")
        key = f"{head}-{mark}" if head else mark
    return key


def unique(names: Iterable[str]) -> list[str]:
    """The names, those that stand there already (in whatever case) with a number behind.

    >>> unique(["a", "A", "a"])
    ['a', 'A-1', 'a-2']
    """
    taken: dict[str, int] = {}
    found = []
    for name in names:
        fold = name.casefold()
        if fold in taken:
            stem = name
            while fold in taken:
                taken[stem.casefold()] = number = taken[stem.casefold()] + 1
                name = f"{stem}-{number}"
                fold = name.casefold()
        taken[fold] = 0
        found.append(name)
    return found


def extension(told: str | None, path: str, data: Content, taken: Collection[str]) -> str:
    """The extension of a medium: as told, as its path has it, or as its bytes show."""
    last = path.partition("?")[0].partition("#")[0].rpartition("/")[2]
    dot = last.rpartition(".")[2] if "." in last else ""
    for given in (told, dot):
        name = (given or "").lower().removeprefix(".")
        if name and name != "tar" and name not in taken and _EXTENSION.fullmatch(name):
            return name
    return sniffed(bytes(data[:16]))


def sniffed(head: bytes) -> str:
    """The extension of the format that the first bytes show; "bin" for one that is not known.

    >>> sniffed(bytes([0xFF, 0xD8, 0xFF, 0xE0])), sniffed(b"RIFF....WEBPVP8 ")
    ('jpg', 'webp')
    """
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}.get(head[8:12], "bin")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "mp4")
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "bin")
