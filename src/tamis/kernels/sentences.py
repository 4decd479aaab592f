"""Sentences counted, and told apart, by what ends them."""

from __future__ import annotations

import numpy as np

from tamis.kernels import mask
from tamis.kernels.jit import jit
from tamis.kernels.letter_classes import BLANK, LETTER, TERMINAL
from tamis.kernels.unicode import decode, padded, valid

_TITLES = np.array(
    [int.from_bytes(title, "little") for title in b"Mr Mrs Ms Dr Prof St vs".split()], np.int64
)
_0, _1 = np.uint64(0), np.uint64(1)


@jit
def sentences(
    data: np.ndarray, offsets: np.ndarray, classes: np.ndarray, counts: np.ndarray
) -> None:
    """How many sentences each text has; `classes` is `letter_classes()`."""
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        if end + 128 <= len(data):
            counts[i] = sentences_within(data, start, end, classes)
        else:
            counts[i] = sentences_within(padded(data, start, end), 0, end - start, classes)


@jit
def sentences_within(data: np.ndarray, start: int, end: int, classes: np.ndarray) -> int:
    """Those of `data[start:end]`: newlines, ASCII marks, characters beyond ASCII, in order."""
    count, begin = np.int64(0), start  # where the sentence at hand begins
    passed = start
    for at in range(start, end, 64):
        bits = mask.equal(data, at, 0x0A) | mask.equal(data, at, 0x2E) | mask.equal(data, at, 0x21)
        bits |= mask.equal(data, at, 0x3F)
        if mask.between(data, at, 0xD6, 0xF4) != _0:
            bits |= _wide(data, at)
        bits &= valid(at, end)
        while bits != _0:
            here = at + mask.trailing_zeros(bits)
            bits &= bits - _1
            if here < passed:
                continue
            code = decode(data, here)
            if code == 0x0A:
                count += np.int64(_visible(data, begin, here, classes))
                begin = here + 1
            elif classes[code] & TERMINAL != 0:
                passed, wide = _marks(data, here, end, classes)
                follows = passed == end or classes[decode(data, passed)] & BLANK != 0
                if (wide or follows) and not _abbreviated(data, begin, here, passed, classes):
                    count += np.int64(_visible(data, begin, passed, classes))
                    begin = passed
    return count + np.int64(_visible(data, begin, end, classes))


@jit
def _wide(data: np.ndarray, at: int) -> np.uint64:
    """Where characters begin that may end a sentence: letters of much text are left out.

    No mark lies between U+007F and U+0580, U+2000 and U+2023, U+3003 and U+9FFF, U+B000 and U+EFFF.
    """
    bits = mask.between(data, at, 0xD6, 0xE1) | mask.equal(data, at, 0xEA)
    bits |= mask.between(data, at, 0xEF, 0xF4)
    general = mask.equal(data, at, 0xE2)
    general &= ~(mask.equal(data, at + 1, 0x80) & mask.between(data, at + 2, 0x80, 0xA3))
    wide = mask.equal(data, at, 0xE3) & mask.equal(data, at + 1, 0x80)
    return bits | general | wide


@jit
def sentence_end(data: np.ndarray, begin: int, end: int, classes: np.ndarray) -> int:
    """Where the sentence that begins at `begin` stops: past its marks, or at its newline, or `end`.

    The sentences between these places are those that `sentences` counts, beside blank ones. Reads
    64 bytes past `end`.
    """
    passed = begin
    for at in range(begin, end, 64):
        bits = mask.equal(data, at, 0x0A) | mask.equal(data, at, 0x2E) | mask.equal(data, at, 0x21)
        bits |= mask.equal(data, at, 0x3F) | mask.between(data, at, 0xC2, 0xF4)
        bits &= valid(at, end)
        while bits != _0:
            here = at + mask.trailing_zeros(bits)
            bits &= bits - _1
            if here < passed:
                continue
            code = decode(data, here)
            if code == 0x0A:
                return here
            if classes[code] & TERMINAL != 0:
                passed, wide = _marks(data, here, end, classes)
                follows = passed == end or classes[decode(data, passed)] & BLANK != 0
                if (wide or follows) and not _abbreviated(data, begin, here, passed, classes):
                    return passed
    return end


@jit
def _marks(data, at, end, classes):
    """Where the marks from `at`, and what closes quotes and brackets after them, end; any wide?"""
    wide = False
    while at < end:
        code = decode(data, at)
        if classes[code] & TERMINAL == 0 and not _closing(code):
            break
        wide |= code >= 0x3000 and classes[code] & TERMINAL != 0
        at += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
    return at, wide


@jit
def _closing(code: int) -> bool:
    return (
        code == 0x22 or code == 0x27 or code == 0x29 or code == 0x5D or code == 0xBB
        or code == 0x2019 or code == 0x201D or code == 0x203A or code == 0x2026
        or code == 0x300D or code == 0x300F or code == 0xFF09
    )  # fmt: skip


@jit
def _visible(data: np.ndarray, start: int, end: int, classes: np.ndarray) -> bool:
    """Whether `data[start:end]` holds more than white space."""
    at = start
    while at < end:
        if data[at] & 0xC0 != 0x80 and classes[decode(data, at)] & BLANK == 0:
            return True
        at += 1
    return False


@jit
def _abbreviated(data, begin, at, passed, classes):
    """Whether the one full stop at `at` follows a single letter or a title, inside a line."""
    if data[at] != 0x2E or passed != at + 1 or data[passed] == 0x0A:
        return False
    first, letters, key, shift = at, 0, np.int64(0), 0
    while first > begin and letters < 5:
        lead = first - 1
        while lead > begin and data[lead] & 0xC0 == 0x80:
            lead -= 1
        if classes[decode(data, lead)] & LETTER == 0:
            break
        first = lead
        letters += 1
    if letters == 1:
        return True
    if letters == 0 or letters > 4 or at - first != letters:
        return False
    for k in range(first, at):
        key |= np.int64(data[k]) << shift
        shift += 8
    for title in _TITLES:  # noqa: SIM110
        if key == title:
            return True
    return False
