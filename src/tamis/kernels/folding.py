"""What two units may differ in and still be the same: a table of what each character counts as."""

from __future__ import annotations

import functools
import unicodedata

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.unicode import SPACES
from tamis.kernels.utf8 import decode, encode, width

IGNORED = ("case", "digits", "punctuation", "accents", "spaces")
"""What can be left out of account."""
_LEFT_OUT = -1
_BEYOND = 0x20000  # no letters with case, digits or marks that these rules concern lie beyond


@functools.cache
def folded(ignore: tuple[str, ...]) -> np.ndarray:
    """The code point that each code point below U+20000 counts as, int32; -1 if it does not count.

    "case": its lower case, where that is one character. "digits": every decimal digit is 0.
    "punctuation": characters of the categories P and S do not count. "accents": a letter counts as
    the first of its canonical decomposition, marks (Mn) do not count. "spaces": white space is a
    blank (runs of it are one: see `fold`). Categories are those of this Python's `unicodedata`.
    """
    table = np.arange(_BEYOND, dtype=np.int32)
    for code in range(_BEYOND):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind in ("Cn", "Cs", "Co"):
            continue
        if kind[0] in "PS":
            table[code] = _LEFT_OUT if "punctuation" in ignore else code
            continue
        if kind == "Nd":
            table[code] = 0x30 if "digits" in ignore else code
            continue
        if "accents" in ignore:
            if kind == "Mn":
                table[code] = _LEFT_OUT
                continue
            character = unicodedata.normalize("NFD", character)[0]
        if "case" in ignore and len(character.lower()) == 1:
            character = character.lower()
        table[code] = ord(character)
    if "spaces" in ignore:
        table[list(SPACES)] = 0x20
    table.flags.writeable = False
    return table


@jit
def fold(
    data: np.ndarray, start: int, end: int, table: np.ndarray, squeeze: bool, out: np.ndarray
) -> int:
    """Write what `data[start:end]` counts as to `out`, and give its size; `squeeze` runs of blanks.

    `out` has twice the bytes and four more. Blanks that come to stand at either end are left out.
    """
    at, into = start, 0
    while at < end:
        code = np.int64(data[at])
        count = 1
        if code >= 0x80:
            count = min(width(data[at]), end - at)
            code = decode(data, at, count)
        at += count
        if code < table.size:
            code = np.int64(table[code])
            if code < 0:
                continue
        if code == 0x20 and squeeze and (into == 0 or out[into - 1] == 0x20):
            continue
        if code < 0x80:
            out[into] = np.uint8(code)
            into += 1
        else:
            into += encode(code, out, into)
    while squeeze and into > 0 and out[into - 1] == 0x20:
        into -= 1
    return into
