"""Bytes of a web page as text: the encoding is found as browsers do, and then by a detector.

The order is that of the WHATWG's HTML standard (13.2.3): byte order mark, HTTP header, `meta` in
the first 1,024 bytes; then uchardet, as Resiliparse has it. A declaration that the bytes contradict
does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tamis.errors import MissingPackageError

_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_META = re.compile(
    rb"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I
)
_PRESCAN = 1024
# What pages mean by these names is the larger set (WHATWG Encoding, 4.2).
_LARGER = {"gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"}
_STRAY = 1000  # bytes to one that is not UTF-8, in what is UTF-8 all the same


def text_of(raw: bytes, declared: str | None = None) -> tuple[str, str]:
    """The text, and the name of the encoding; `declared` is what the server said.

    Bytes that are none of an encoding become U+FFFD: in what is UTF-8 but for one in a thousand (a
    page that was cut off, a stray quotation mark), and where no encoding fits.

    >>> text_of("naïve".encode("latin-1"), "utf-8")
    ('naïve', 'cp1252')
    """
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return raw[len(mark) :].decode(name, "replace"), name
    named = list(_declared(raw, declared))
    for name in named:
        found = _strictly(raw, name)
        if found is not None:
            return found, name
    loosely = raw.decode("utf-8", "replace")
    if loosely.count("\ufffd") * _STRAY <= len(raw):
        return loosely, "utf-8"
    name = _known(_encodings().detect_encoding(raw)) or "cp1252"
    found = _strictly(raw, name) if name != "utf-8" else None
    if found is not None:
        return found, name
    name = named[0] if named else "cp1252"
    return raw.decode(name, "replace"), name


def _declared(raw: bytes, declared: str | None) -> Iterator[str]:
    name = _known(declared)
    if name is not None:
        yield name
    said = _META.search(raw, 0, _PRESCAN)
    name = _known(said[1].decode("ascii", "replace")) if said else None
    if name is not None:
        # who can read this in single bytes is not in UTF-16
        yield "utf-8" if name.startswith("utf-16") else name


def _known(name: str | None) -> str | None:
    """The codec that the web means by a name, None for a name it does not know."""
    if not name:
        return None
    found: str | None = _encodings().map_encoding_to_html5(name.strip("\"' "), False)
    return None if found is None else _LARGER.get(found, found)


def _strictly(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None


def _encodings() -> Any:
    try:
        from resiliparse.parse import encoding
    except ImportError as error:
        raise MissingPackageError(
            "reading web pages needs resiliparse: pip install 'tamis[html]'"
        ) from error
    return encoding
