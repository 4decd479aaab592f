"""Texts as finders read them: digits as 0 to 9, nothing invisible, a blank between what is glued,
an `@` where one is written for links (`%40`) or pages (`&#64;`).

Only texts that hold such forms are read anew; what is found there is told by its place in the text
as it stands.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import numpy as np

from tamis.text.personal import phones
from tamis.text.personal.plans import PATTERNS
from tamis.text.personal.spans import Span

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_SIGNS = {0xFF20: "@", 0xFF0E: ".", 0xFF0D: "-", 0xFF0B: "+", 0xFF08: "(", 0xFF09: ")"}
_SIGNS |= {0xFF1A: ":", 0xFF0F: "/", 0x2212: "-"}
_LETTERS = {c: chr(c - 0xFEE0) for c in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_BEYOND = 0x20000  # no digits from there on
_NAMED = {word for p in PATTERNS for word in p.context.split("|")} | {*phones.WORDS.split("|")}
_NAMES = "|".join(sorted(w for w in _NAMED if len(w) > 2 and w.isascii() and w.isalpha()))
_ACCOUNT = "[A-Z]{2}[0-9]{2}[ ]?[0-9A-Z]{4}[ ]?[0-9A-Z]{4}"  # how an IBAN begins
_AFTER = "(?:BIC|SWIFT|EUR|USD|GBP|CHF)"
_GLUED = re.compile(
    rf"(?<![A-Za-z])(?i:{_NAMES})(?=\+?[0-9][0-9 .\-/]{{4}})|"
    rf"(?:[a-z]|(?<![A-Za-z])(?i:iban|{_NAMES}))(?={_ACCOUNT})|"
    rf"(?<![0-9A-Z]){_ACCOUNT}[0-9A-Z]{{3,22}}?(?={_AFTER})",
    re.ASCII,
)
_AT = re.compile("(?<=[0-9A-Za-z_.-])(?:%40|&#64;|&#[xX]40;|&commat;)(?=[0-9A-Za-z])")


@functools.cache
def _digits() -> dict[int, str]:
    """The digits of all scripts beyond ASCII, as Unicode has them."""
    known = ((c, unicodedata.decimal(chr(c), None)) for c in range(0x80, _BEYOND))
    return {c: str(value) for c, value in known if value is not None}


@functools.cache
def _table() -> dict[int, str]:
    """What characters are read as."""
    return _SIGNS | _LETTERS | _digits()


@functools.cache
def gate() -> str:
    """What stands (RE2) in a text that is read anew."""
    points = sorted(_digits())
    starts = [c for c in points if c - 1 not in _digits()]
    ends = [c for c in points if c + 1 not in _digits()]
    other = "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True))
    beside = r"0-9A-Za-z@.+()\-" + other
    return (
        f"[{other}\uff20]|[{beside}][{_INVISIBLE}]+[{beside}]|"
        rf"(?i:(?:^|[^A-Za-z])(?:{_NAMES})\+?[0-9][0-9 .\-/]{{4}})|"
        rf"[A-Za-z]{_ACCOUNT}|[0-9]{{4}}[0-9A-Z]{{4}}{_AFTER}|"
        r"[0-9A-Za-z_.\-](?:%40|&#64;|&#[xX]40;|&commat;)[0-9A-Za-z]"
    )


def plain(text: str) -> tuple[str, np.ndarray]:
    """The text as finders read it, and for each of its characters where it stands in `text`.

    >>> plain("\uff14\u200b1 tel415-555")
    ('41 tel 415-555', array([ 0,  2,  3,  4,  5,  6,  7,  7,  8,  9, 10, 11, 12, 13]))
    """
    points = np.array(list(text.translate(_table())), "U1")
    at = np.arange(len(points))
    seen = ~np.isin(points, [*_INVISIBLE])
    points, at = points[seen], at[seen]
    signs = [(match.start(), match.end()) for match in _AT.finditer("".join(points))]
    points[[start for start, _ in signs]] = "@"
    beyond = [k for start, end in signs for k in range(start + 1, end)]
    points, at = np.delete(points, beyond), np.delete(at, beyond)
    ends = [match.end() for match in _GLUED.finditer("".join(points))]
    points, at = np.insert(points, ends, " "), np.insert(at, ends, at[ends])
    return "".join(points), at


def spelled(value: str) -> str:
    """A value in digits from 0 to 9 and letters of ASCII, without what is invisible.

    >>> spelled("\uff14\u200b1")
    '41'
    """
    return "".join(c for c in value.translate(_table()) if c not in _INVISIBLE)


def placed(span: Span, at: np.ndarray) -> Span:
    """A span of the text that finders read, in the text as it stands."""
    return span._replace(start=int(at[span.start]), end=int(at[span.end - 1]) + 1)
